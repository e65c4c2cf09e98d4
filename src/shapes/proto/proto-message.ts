/** A file of Protobuf, version 3, as far as tailrace writes and reads it. */
export interface ProtoFile {
  /** Empty: none. */
  readonly package: string
  /** The first one is the record. */
  readonly messages: readonly ProtoMessage[]
}

/** A message with what is defined in it. */
export interface ProtoMessage {
  readonly name: string
  /** What the name stands for, where the file alone would not tell; written as a mark. */
  readonly original?: string
  readonly nested: readonly ProtoMessage[]
  readonly fields: readonly ProtoField[]
}

/** `implicit`: without a word in front, so that absent and zero are the same. `oneof`: one of the message's alternatives. */
export type ProtoLabel = 'implicit' | 'optional' | 'repeated' | 'map' | 'oneof'

/** One field. */
export interface ProtoField {
  readonly name: string
  readonly number: number
  readonly label: ProtoLabel
  /** A scalar, or the name of a message. Of a map that of its values; its keys are strings. */
  readonly type: string
  /** The name in JSON, where it was given. */
  readonly jsonName?: string
  /** What Protobuf has no word for, such as `decimal(12, 2)`; behind `// tailrace: ` on the field's line. */
  readonly marks: readonly string[]
  readonly doc?: string
}

/** Words of a field's mark. */
export const protoMarks = {
  json: 'json',
  /** The field takes what no other field names. */
  rest: 'rest',
  /** Of a list or map: it is never absent. */
  required: 'required',
} as const

/** What begins a mark's comment. */
export const markPrefix = 'tailrace:'

/** The form of values of kind `typed`. A list or map in an alternative needs a message of its own. */
export const attributeValueMessage: ProtoMessage = {
  name: 'AttributeValue',
  original: 'tailrace.AttributeValue',
  nested: [
    { name: 'Map', nested: [], fields: [field('entries', 1, 'map', 'AttributeValue')] },
    { name: 'List', nested: [], fields: [field('values', 1, 'repeated', 'AttributeValue')] },
    { name: 'Strings', nested: [], fields: [field('values', 1, 'repeated', 'string')] },
    { name: 'Binaries', nested: [], fields: [field('values', 1, 'repeated', 'bytes')] },
  ],
  fields: [
    field('S', 1, 'oneof', 'string'),
    field('N', 2, 'oneof', 'string'),
    field('B', 3, 'oneof', 'bytes'),
    field('BOOL', 4, 'oneof', 'bool'),
    field('NULL', 5, 'oneof', 'bool'),
    field('M', 6, 'oneof', 'Map'),
    field('L', 7, 'oneof', 'List'),
    field('SS', 8, 'oneof', 'Strings'),
    field('NS', 9, 'oneof', 'Strings'),
    field('BS', 10, 'oneof', 'Binaries'),
  ],
}

function field(name: string, number: number, label: ProtoLabel, type: string): ProtoField {
  return { name, number, label, type, marks: [] }
}
