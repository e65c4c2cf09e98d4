import type { Item } from '../../src/change/attribute-value.ts'
import { createDebeziumEnvelope } from '../../src/envelope/debezium-envelope.ts'
import type { Payload } from '../../src/envelope/envelope.ts'
import { createJsonSerializer } from '../../src/serialize/json-serializer.ts'
import type { JsonSerializerOptions } from '../../src/serialize/json-serializer.ts'
import type { SerializedRecord } from '../../src/serialize/serializer.ts'
import type { ArbitraryChange } from './arbitrary-items.ts'
import { differenceOfItem, parseExactly, scaled } from './exact-json.ts'
import { numbersAsTexts } from './numbers-as-texts.ts'

/** A change in Debezium's envelope, as the pipeline `shop` makes it. */
export function wrapChange({ table, event }: ArbitraryChange): Payload {
  const envelope = createDebeziumEnvelope({ table, name: 'shop', connectorVersion: '0.1.0', tombstonesOnDelete: true })
  return envelope.wrap(event, 1_795_426_137_123)
}

/** The records of a change, made by a serializer that has seen nothing else. */
export function writeChange(change: ArbitraryChange, form: JsonSerializerOptions): readonly SerializedRecord[] {
  return createJsonSerializer(form).serialize(wrapChange(change))
}

/** Where the first record of a change says something else than the change; one line each, with paths and no values. */
export function differencesOfRecord(
  record: SerializedRecord | undefined,
  { event }: ArbitraryChange,
  form: JsonSerializerOptions,
): string[] {
  const value = readJson(record?.value)
  const found: string[] = []
  const { schema, payload } = form.schemasEnable ? value : { schema: undefined, payload: value }
  const envelope = asFields(payload)
  const described = asList(asFields(schema)['fields'])
  for (const [at, name, image] of [
    [0, 'before', event.oldImage],
    [1, 'after', event.newImage],
  ] as const) {
    const written = envelope[name]
    if (form.schemasEnable && !isDescribed(described[at], image ?? written ?? otherImage(envelope)))
      found.push(`${name}: its schema has other fields`)
    const difference = image && differenceOfImage(written, image, form)
    if (difference !== undefined) found.push(`${name}: ${difference}`)
  }
  const { sequenceNumber, shardId, createdAtMs, createdAtMicros = createdAtMs * 1000 } = event
  const source = {
    snapshot: event.snapshot ?? 'false',
    ...(event.snapshot === undefined
      ? {
          sequence: JSON.stringify([shardId, sequenceNumber]),
          sequence_number: sequenceNumber,
          event_id: event.eventId,
        }
      : { sequence: null, sequence_number: null, event_id: null, shard_id: null }),
    ts_ms: { literal: String(createdAtMs) },
    ts_us: { literal: String(createdAtMicros) },
    ts_ns: { literal: String(BigInt(createdAtMicros) * 1000n) },
  }
  for (const [name, expected] of Object.entries(source)) {
    if (JSON.stringify(asFields(envelope['source'])[name]) !== JSON.stringify(expected)) found.push(`source.${name}`)
  }
  return [...found, ...differencesOfKey(record, event.keys, form)]
}

function differenceOfImage(written: unknown, image: Item, { numbers, schemasEnable }: JsonSerializerOptions) {
  const plain = schemasEnable ? withoutConnect(written, image, numbers) : written
  return differenceOfItem(plain, numbers === 'exact' ? image : numbersAsTexts(image))
}

function differencesOfKey(record: SerializedRecord | undefined, keys: Item, form: JsonSerializerOptions): string[] {
  const key = readJson(record?.key)
  const { pk, sk } = asFields(form.schemasEnable ? key['payload'] : key)
  const number = form.numbers === 'exact' && !form.schemasEnable ? asFields(sk)['literal'] : sk
  const found: string[] = []
  if (pk !== textOf(keys, 'pk')) found.push('key.pk')
  if (typeof number !== 'string' || scaled(number) !== scaled(textOf(keys, 'sk'))) found.push('key.sk')
  return found
}

function textOf(keys: Item, name: string): string {
  return String(Object.values(keys[name] ?? {})[0])
}

/** Both images have the fields of the one that is there. */
function otherImage(envelope: Record<string, unknown>): unknown {
  return envelope['before'] ?? envelope['after'] ?? {}
}

function isDescribed(described: unknown, image: unknown): boolean {
  const names = asList(asFields(described)['fields']).map((field) => asFields(field)['field'])
  return JSON.stringify(names) === JSON.stringify(Object.keys(asFields(image)))
}

function readJson(bytes: Buffer | null | undefined): Record<string, unknown> {
  return asFields(parseExactly(bytes?.toString('utf8') ?? '{}'))
}

function asFields(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

/** Takes back what Connect's form does to an image: numbers as strings, maps and lists as JSON text. */
function withoutConnect(written: unknown, image: Item, numbers: JsonSerializerOptions['numbers']): unknown {
  const literal = (text: unknown): unknown => (numbers === 'exact' ? { literal: text } : text)
  const undone = Object.entries(asFields(written)).map(([name, value]) => {
    const original = Object.getOwnPropertyDescriptor(image, name)?.value ?? {}
    if ('N' in original) return [name, literal(value)]
    if ('NS' in original) return [name, asList(value).map(literal)]
    if ('M' in original || 'L' in original) return [name, parseExactly(String(value))]
    return [name, value]
  })
  return Object.fromEntries(undone)
}
