import type { AttributeValue, Item } from '../../change/attribute-value.ts'
import type { ChangeEvent } from '../../change/change-event.ts'
import type { KeyAttribute, Table } from '../../change/table.ts'
import { decodeStreamRecord } from '../../decode/decode-stream-record.ts'
import { TailraceError } from '../../errors.ts'
import { digitsOf, parseExactly } from '../demo/image.ts'

/** A change that a transform is tried on. */
export interface SampleChange {
  readonly event: ChangeEvent
  readonly table: Table
}

/** What the command line says of samples. */
export interface SampleOptions {
  /** The table's name where a sample does not tell it. */
  readonly table: string | undefined
  /** The names of the key attributes where a sample does not tell them: hash key, then range key. */
  readonly keys: readonly string[]
}

/**
 * Reads samples: a record of DynamoDB Streams, an event of Lambda (`{"Records":[…]}`), a record of tailrace in Debezium's
 * envelope (with or without its schema), a line of `tailrace tail --json`; one of these, an array, or one a line. Throws USAGE
 * for anything else.
 */
export function readSamples(text: string, options: SampleOptions): readonly SampleChange[] {
  const samples = documentsIn(text).flatMap((value) => changesIn(value, options))
  if (samples.length === 0) throw new TailraceError('USAGE', 'the sample holds no changes')
  return samples
}

function documentsIn(text: string): readonly unknown[] {
  try {
    return [parseExactly(text)]
  } catch {
    try {
      return text
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map(parseExactly)
    } catch {
      throw new TailraceError('USAGE', 'the sample is neither JSON nor JSON lines')
    }
  }
}

function changesIn(value: unknown, options: SampleOptions): readonly SampleChange[] {
  if (Array.isArray(value)) return value.flatMap((one) => changesIn(one, options))
  if (!isObject(value)) throw unknown()
  if (Array.isArray(value['Records'])) return changesIn(value['Records'], options)
  if (isObject(value['dynamodb'])) return [streamChange(value, options)]
  if ('payload' in value && 'schema' in value) return changesIn(value['payload'], options)
  if ('op' in value && 'source' in value) return [envelopeChange(value, undefined, options)]
  if (typeof value['value'] === 'string' && typeof value['topic'] === 'string') return tailedChange(value, options)
  // The tombstone behind a delete.
  if (value['value'] === null && typeof value['topic'] === 'string') return []
  throw unknown()
}

function unknown(): TailraceError {
  const kinds = 'a record of DynamoDB Streams, an event of Lambda, or a record of tailrace'
  return new TailraceError('USAGE', `a sample must be ${kinds}`)
}

type Members = Readonly<Record<string, unknown>>

function streamChange(wire: Members, options: SampleOptions): SampleChange {
  const record = plainNumbers(wire)
  const change = isObject(record) && isObject(record['dynamodb']) ? record['dynamodb'] : {}
  const arn = typeof wire['eventSourceARN'] === 'string' ? wire['eventSourceARN'] : ''
  const name = options.table ?? /:table\/([^/]+)/.exec(arn)?.[1] ?? 'table'
  const keySchema = keySchemaOf(isObject(change['Keys']) ? change['Keys'] : {}, options.keys)
  const table = sampleTable(name, keySchema)
  // Samples that were typed by hand seldom have what says nothing of an item.
  const filled = {
    eventID: 'sample',
    ...(isObject(record) ? record : {}),
    dynamodb: { SequenceNumber: '1', ApproximateCreationDateTime: 0, ...change },
  }
  return { event: decodeStreamRecord(filled, table, 'shard-of-the-sample'), table }
}

/** Of the numbers in a record of streams all but a few are texts. */
function plainNumbers(value: unknown): unknown {
  const digits = digitsOf(value)
  if (digits !== undefined) return Number(digits)
  if (Array.isArray(value)) return value.map(plainNumbers)
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plainNumbers(member)]))
}

function tailedChange({ key, value }: Members, options: SampleOptions): readonly SampleChange[] {
  const content = parseExactly(String(value))
  const envelope = isObject(content) && 'schema' in content ? content['payload'] : content
  if (!isObject(envelope) || !('op' in envelope)) throw unknown()
  const keyContent = typeof key === 'string' ? parseExactly(key) : undefined
  const keys = isObject(keyContent) && 'schema' in keyContent ? keyContent['payload'] : keyContent
  return [envelopeChange(envelope, isObject(keys) ? itemOf(keys) : undefined, options)]
}

const operations = { c: 'INSERT', u: 'MODIFY', d: 'REMOVE', r: 'READ' } as const

/** In Debezium's envelope values are plain: sets have become lists, and binaries texts, and so they stay here. */
function envelopeChange(envelope: Members, keys: Item | undefined, options: SampleOptions): SampleChange {
  const { op, before, after, source } = envelope
  const operation = Object.entries(operations).find(([letter]) => letter === op)?.[1]
  if (operation === undefined) throw unknown()
  const oldImage = isObject(before) ? itemOf(before) : undefined
  const newImage = isObject(after) ? itemOf(after) : undefined
  const image = newImage ?? oldImage ?? {}
  const own = keys ?? Object.fromEntries(Object.entries(image).filter(([name]) => options.keys.includes(name)))
  const named = isObject(source) && typeof source['table'] === 'string' ? source['table'] : 'table'
  const time = Number((isObject(source) ? digitsOf(source['ts_ms']) : undefined) ?? 0)
  return {
    table: sampleTable(options.table ?? named, keySchemaOf(own, options.keys)),
    event: {
      operation,
      keys: own,
      oldImage: operation === 'INSERT' || operation === 'READ' ? undefined : oldImage,
      newImage: operation === 'REMOVE' ? undefined : newImage,
      eventId: 'sample',
      shardId: operation === 'READ' ? '' : 'shard-of-the-sample',
      sequenceNumber: operation === 'READ' ? '' : '1',
      createdAtMs: time,
      userIdentity: undefined,
      sizeBytes: 0,
      snapshot: operation === 'READ' ? 'true' : undefined,
    },
  }
}

function itemOf(members: Members): Item {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, valueOf(value)]))
}

function valueOf(value: unknown): AttributeValue {
  if (typeof value === 'string') return { S: value }
  if (typeof value === 'boolean') return { BOOL: value }
  const digits = digitsOf(value)
  if (digits !== undefined) return { N: digits }
  if (Array.isArray(value)) return { L: value.map(valueOf) }
  return isObject(value) ? { M: itemOf(value) } : { NULL: true }
}

/** The order of a key's attributes does not show in a sample; it means nothing to a transform. */
function keySchemaOf(keys: Members, named: readonly string[]): readonly KeyAttribute[] {
  const names = named.length > 0 ? named : Object.keys(keys)
  return names.map((name) => {
    const value = keys[name]
    const type = isObject(value) && 'N' in value ? 'N' : isObject(value) && 'B' in value ? 'B' : 'S'
    return { name, type }
  })
}

function sampleTable(name: string, keySchema: readonly KeyAttribute[]): Table {
  return {
    arn: `arn:aws:dynamodb:sample:000000000000:table/${name}`,
    name,
    id: 'sample',
    region: 'sample',
    account: '000000000000',
    streamArn: `arn:aws:dynamodb:sample:000000000000:table/${name}/stream/sample`,
    viewType: 'NEW_AND_OLD_IMAGES',
    keySchema,
  }
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && digitsOf(value) === undefined
}
