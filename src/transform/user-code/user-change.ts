import type { AttributeValue, Item } from '../../change/attribute-value.ts'
import { canonicalItem } from '../../change/canonical-item.ts'
import { isEqual } from '../../change/condition/compare-values.ts'
import type { ChangeEvent } from '../../change/change-event.ts'
import { isTopicName } from '../../change/legal-topic.ts'
import type { KeyAttribute } from '../../change/table.ts'
import type { RecordHeader } from '../../envelope/document-payload.ts'
import type { Change, PlainItem } from './define-transform.ts'
import { ResultProblem, itemOf, plainItem } from './plain-values.ts'
import type { ChangedParts } from './thread-messages.ts'

/** What is known of the change that a transform's result is held against. */
export interface ResultContext {
  readonly event: ChangeEvent
  readonly keySchema: readonly KeyAttribute[]
}

/** Images that nobody has looked at need not be converted back. */
const untouched = new WeakMap<object, { old: boolean; new: boolean }>()

/** Frozen, so those that come back are as they were: but they may come back with another change. */
const givenKeys = new WeakMap<object, ChangeEvent>()

/** The change as a transform sees it. Images are converted when they are looked at. */
export function userChange(event: ChangeEvent, table: string, given: Pick<ChangedParts, 'topic' | 'headers'>): Change {
  const images = { old: lazily(event.oldImage), new: lazily(event.newImage) }
  const state = { old: true, new: true }
  const { operation, createdAtMs, eventId, shardId, sequenceNumber, userIdentity, snapshot } = event
  const keys = Object.freeze(plainItem(event.keys))
  givenKeys.set(keys, event)
  const change: Change = {
    operation,
    table,
    keys,
    get old() {
      state.old = false
      return images.old.get()
    },
    set old(image) {
      state.old = false
      images.old.set(image)
    },
    get new() {
      state.new = false
      return images.new.get()
    },
    set new(image) {
      state.new = false
      images.new.set(image)
    },
    topic: given.topic,
    headers: Object.assign(Object.create(null) as Change['headers'], Object.fromEntries(given.headers)),
    createdAtMs,
    eventId,
    shardId,
    sequenceNumber,
    userIdentity,
    isSnapshot: snapshot !== undefined,
  }
  untouched.set(change, state)
  return change
}

interface LazyImage {
  get(): PlainItem | undefined
  set(image: PlainItem | undefined): void
}

function lazily(item: Item | undefined): LazyImage {
  let made: { readonly image: PlainItem | undefined } | undefined
  return {
    get: () => (made ??= { image: item === undefined ? undefined : plainItem(item) }).image,
    set: (image) => {
      made = { image }
    },
  }
}

/** What a transform returned: none, one or several changes. Throws ResultProblem. */
export function partsOf(result: unknown, context: ResultContext): readonly ChangedParts[] {
  if (result === undefined || result === null) return []
  if (!Array.isArray(result)) return [changedParts(result, context, '')]
  return result.map((one, index) => changedParts(one, context, `[${index}].`))
}

function changedParts(result: unknown, context: ResultContext, place: string): ChangedParts {
  if (typeof result !== 'object' || result === null) throw new ResultProblem(`${place}the result is not a change`)
  const { operation, keys, topic, headers } = result as Partial<Record<keyof Change, unknown>>
  const { event } = context
  if (operation !== event.operation && operation !== 'REMOVE')
    throw new ResultProblem(`${place}operation may stay as it was or become REMOVE, and nothing else`)
  const hasOwnKeys = typeof keys === 'object' && keys !== null && givenKeys.get(keys) === event
  if (!hasOwnKeys && !isSame(itemOf(keys, `${place}keys`), event.keys))
    throw new ResultProblem(`${place}keys cannot be changed`)
  if (topic !== undefined && (typeof topic !== 'string' || !isTopicName(topic)))
    throw new ResultProblem(`${place}topic is no legal name of a topic`)
  return {
    operation: operation === 'REMOVE' ? 'REMOVE' : event.operation,
    oldImage: imageOf(result, 'old', context, place),
    newImage: operation === 'REMOVE' ? undefined : imageOf(result, 'new', context, place),
    topic,
    headers: headersOf(headers, place),
  }
}

function imageOf(
  result: object,
  which: 'old' | 'new',
  { event, keySchema }: ResultContext,
  place: string,
): Item | 'same' | undefined {
  const was = which === 'old' ? event.oldImage : event.newImage
  if (untouched.get(result)?.[which] === true) return was === undefined ? undefined : 'same'
  const image = (result as Partial<Record<string, unknown>>)[which]
  const where = `${place}${which}`
  if (image === undefined || image === null) {
    if (was === undefined) return undefined
    throw new ResultProblem(
      `${where} was there and is gone: return undefined to drop a change, or set its operation to REMOVE`,
    )
  }
  if (was === undefined) throw new ResultProblem(`${where} was not captured, and cannot be added`)
  const item = itemOf(image, where)
  for (const { name } of keySchema) {
    if (!Object.hasOwn(was, name)) continue
    const [value, before] = [ownValue(item, name), ownValue(was, name)]
    if (value === undefined || before === undefined || !isEqual(value, before))
      throw new ResultProblem(`${where}.${name} is a key attribute, and cannot be changed`)
  }
  return item
}

function ownValue(item: Item, name: string): AttributeValue | undefined {
  return Object.hasOwn(item, name) ? item[name] : undefined
}

function isSame(a: Item, b: Item): boolean {
  return canonicalItem(a) === canonicalItem(b)
}

/** Names with this beginning say where a record comes from, to readers and to tailrace itself. */
const reserved = 'tailrace.'

function headersOf(headers: unknown, place: string): readonly RecordHeader[] {
  if (headers === undefined || headers === null) return []
  if (typeof headers !== 'object') throw new ResultProblem(`${place}headers is not an object`)
  return Object.entries(headers).map(([name, content]: [string, unknown]) => {
    if (name.startsWith(reserved)) throw new ResultProblem(`${place}headers has a name that begins with ${reserved}`)
    if (typeof content === 'string') return [name, content]
    if (content instanceof Uint8Array) return [name, Buffer.from(content)]
    throw new ResultProblem(`${place}headers has something other than texts and Uint8Arrays`)
  })
}
