import { seededRng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import type { CredentialsCache } from '../../src/aws/credentials.ts'
import type { Item } from '../../src/change/attribute-value.ts'
import type { PipelineConfig } from '../../src/config/pipeline-config.ts'
import { schemaRegistryOf } from '../../src/hosts/schema-registry-of.ts'
import { envelopeOf } from '../../src/hosts/stages/envelope-of.ts'
import { serializerOf } from '../../src/hosts/stages/serializer-of.ts'
import type { SerializedRecord } from '../../src/serialize/serializer.ts'
import { declaredNames, rowIdentity } from '../oracle/declared-history.ts'
import type { DeclaredHistory } from '../oracle/declared-history.ts'
import { parseExactly } from '../oracle/exact-json.ts'
import { isTypedItemRead } from '../oracle/read-typed-values.ts'
import { insideJson, isItemRead, isValueRead } from '../oracle/read-values.ts'
import type { ReadForm } from '../oracle/read-values.ts'
import { configText, readConfig } from '../servers/pipeline-under-test.ts'
import type { ReadChange } from './compare-history.ts'
import { declaredOrders } from './declared-orders.ts'
import { recordsOf } from './write-history.ts'

/** Formats whose schemas a registry keeps. */
export type Format = 'avro' | 'json-schema' | 'protobuf'
/** How images are written. */
export type ItemForm = 'json-string' | 'declared' | 'typed'

export const formats: readonly Format[] = ['avro', 'json-schema', 'protobuf']
export const itemForms: readonly ItemForm[] = ['json-string', 'declared', 'typed']
/** One form of records. */
export interface Form {
  readonly format: Format
  readonly items: ItemForm
}

const never = new AbortController().signal

/** A pipeline that writes in that form; `registry` is what the file says of the registry. */
export function configOf({ format, items }: Form, bootstrapServers: string, registry: string): PipelineConfig {
  const declared = items === 'declared' ? 'format.schemas: [orders=/orders.avsc]\n' : ''
  const more = `${registry}\nformat.value: ${format}\nformat.item: ${items}\n${declared}`
  const endpoint = 'http://127.0.0.1:1'
  const text = configText({ pipeline: 'shop', endpoint, bootstrapServers, tables: ['orders'], more })
  return readConfig(text, { '/orders.avsc': JSON.stringify(declaredOrders) })
}

/** The records as the stages of a pipeline with this configuration make them. */
export async function written(
  history: DeclaredHistory,
  config: PipelineConfig,
  { topic, credentials }: { readonly topic: string; readonly credentials?: CredentialsCache },
): Promise<readonly SerializedRecord[]> {
  if (config.registry === undefined) throw new Error('the configuration names no registry')
  await using registry = schemaRegistryOf(config.registry, {
    clock: systemClock,
    rng: seededRng(1),
    ...(credentials === undefined ? {} : { credentials }),
  })
  const envelope = envelopeOf(history.table, config, '0.1.0')
  const serializer = serializerOf(config, { envelopeFor: () => envelope, recordTransforms: [], registry })
  await serializer.prepare(history.table, topic, never)
  return recordsOf(history, envelope, serializer, topic)
}

/** What a judge prints of a record. */
export interface Outcome {
  readonly key: { readonly pk: string; readonly sk: string }
  readonly value: { readonly op: string; readonly before: unknown; readonly after: unknown } | null
}

/** What a change became. Of one that is gone, what it was before. */
export function readChange({ key, value }: Outcome): ReadChange {
  const isGone = value?.op === 'd'
  return { identity: rowIdentity(key.pk, key.sk), isGone, row: isGone ? value.before : value?.after }
}

/** How rows of that form are compared with items. */
export function rowReader({ format, items }: Form): (read: unknown, item: Item) => boolean {
  const binaries = format === 'json-schema' ? 'base64' : 'bytes'
  switch (items) {
    case 'json-string':
      return (read, item) => typeof read === 'string' && isItemRead(parseExactly(read), item, insideJson)
    case 'typed':
      return (read, item) => isTypedItemRead(read, item, binaries)
    case 'declared':
      // Protobuf has no decimals, and no lists and maps that are null.
      return format === 'protobuf'
        ? (read, item) =>
            isDeclaredRead(withoutEmpty(read, item), item, { numbers: 'either', binaries, nested: 'values' })
        : (read, item) => isDeclaredRead(read, item, { numbers: 'number', binaries, nested: 'values' })
  }
}

function withoutEmpty(read: unknown, item: Item): unknown {
  if (typeof read !== 'object' || read === null) return read
  const isEmpty = (value: unknown): boolean =>
    typeof value === 'object' && value !== null && Object.keys(value).length === 0
  const isNothing = (name: string): boolean => !Object.hasOwn(item, name) || 'NULL' in (item[name] ?? {})
  return Object.fromEntries(
    Object.entries(read).map(([name, value]: [string, unknown]) => [
      name,
      isEmpty(value) && isNothing(name) ? null : value,
    ]),
  )
}

const keyForm = { numbers: 'text', binaries: 'base64', nested: 'values' } as const

/** The declared attributes in fields of their own, all others in one that holds JSON text. */
function isDeclaredRead(read: unknown, item: Item, form: ReadForm): boolean {
  if (typeof read !== 'object' || read === null) return false
  const { others, ...fields } = read as Readonly<Record<string, unknown>>
  const declared = new Set(declaredNames)
  const rest = Object.entries(item).filter(([name]) => !declared.has(name))
  const isRestRead = rest.length === 0 ? others === null : isRest(others, Object.fromEntries(rest))
  return (
    isRestRead &&
    Object.keys(fields).length === declared.size &&
    declaredNames.every((name) => isValueRead(fields[name], item[name], name === 'sk' ? keyForm : form))
  )
}

function isRest(read: unknown, rest: Item): boolean {
  return typeof read === 'string' && isItemRead(parseExactly(read), rest, insideJson)
}
