import type { ProtoFile, ProtoMessage } from '../../shapes/proto/proto-message.ts'

/**
 * The place, from 0, of a file's first message among all its messages in the order of their full names, as AWS's serializers
 * for Glue count. The messages that maps stand for count, too.
 */
export function messageRank({ messages }: ProtoFile): number {
  const [first, ...others] = messages
  if (first === undefined) return 0
  // What stands inside a message has its name in front, and so comes behind it.
  return others.flatMap((message) => fullNames(message, '')).filter((name) => name < first.name).length
}

function fullNames({ name, nested, fields }: ProtoMessage, outer: string): readonly string[] {
  const full = `${outer}${name}`
  const inside = nested.flatMap((message) => fullNames(message, `${full}.`))
  const entries = fields.filter(({ label }) => label === 'map').map((field) => `${full}.${entryName(field.name)}`)
  return [full, ...inside, ...entries]
}

/** The message that a map field stands for: `line_items` → `LineItemsEntry`. */
function entryName(field: string): string {
  const words = field.split('_').map((word) => word.charAt(0).toUpperCase() + word.slice(1))
  return `${words.join('')}Entry`
}
