import { join } from 'node:path'
import type { JsonSerializerOptions } from '../../src/serialize/json-serializer.ts'
import type { SerializedRecord } from '../../src/serialize/serializer.ts'
import { makeHistory, rowIdentity } from '../oracle/declared-history.ts'
import type { DeclaredHistory } from '../oracle/declared-history.ts'
import { parseExactly } from '../oracle/exact-json.ts'
import { isItemRead } from '../oracle/read-values.ts'
import type { ReadForm } from '../oracle/read-values.ts'
import { runJudge } from '../servers/java-judge.ts'
import type { Verdict } from '../servers/java-judge.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import { compareHistory, expectedChanges } from './compare-history.ts'
import type { ReadChange } from './compare-history.ts'
import type { Judge, Judgement } from './judge.ts'
import { debeziumJson, flatJson, writeKeyed } from './write-history.ts'

/** A transform for sinks of Kafka Connect, and the form in which it is given records. */
interface SinkTransform {
  readonly name: string
  readonly title: string
  readonly seed: number
  readonly hasSchemas: boolean
  /** Settings of the judge. */
  readonly settings: Readonly<Record<string, string>>
  /** Default: Debezium's envelope, tombstones included. */
  readonly write?: (history: DeclaredHistory, form: JsonSerializerOptions) => readonly SerializedRecord[]
  /** A member that the transform adds to every row. */
  readonly added?: string
}

const iceberg = 'org.apache.iceberg.connect.transforms.DebeziumTransform'
const transforms: readonly SinkTransform[] = [
  { name: 'debezium', title: "Debezium's ExtractNewRecordState", seed: 111, hasSchemas: true, settings: {} },
  ...[true, false].map((hasSchemas) => ({
    name: 'iceberg',
    title: `Iceberg's DebeziumTransform, ${hasSchemas ? 'with schemas' : 'maps'}`,
    seed: hasSchemas ? 121 : 122,
    hasSchemas,
    settings: { smt: iceberg, 'smt.cdc.target.pattern': '{db}.{table}' },
    added: '_cdc',
  })),
  // Nothing is left to take apart: converters, and then upserts by key.
  ...[true, false].map((hasSchemas) => ({
    name: 'flat',
    title: `Connect's JsonConverter, flat, ${hasSchemas ? 'with schemas' : 'maps'}`,
    seed: hasSchemas ? 151 : 152,
    hasSchemas,
    settings: { smt: 'none' },
    write: flatJson,
  })),
]

/** Transforms of Kafka Connect behind its own JsonConverter. */
export const connectJudges: readonly Judge[] = transforms.map((transform) => ({
  name: transform.name,
  judge: (changes) => judgeByTransform(changes, transform),
}))

async function judgeByTransform(changes: number, transform: SinkTransform): Promise<Judgement> {
  const { title, seed, hasSchemas, settings } = transform
  const history = makeHistory(seed, changes)
  // Without schemas Connect reads numbers as doubles and longs: whoever wants all digits asks for texts.
  const { write = debeziumJson } = transform
  const records = write(history, { numbers: hasSchemas ? 'exact' : 'string', schemasEnable: hasSchemas })
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'records.ndjson')
  await writeKeyed(file, records)
  const enable = String(hasSchemas)
  const converters = { 'key.converter.schemas.enable': enable, 'value.converter.schemas.enable': enable }
  const verdict = await runJudge('debezium-smt', { file, keyed: 'true', output: 'json', ...converters, ...settings })
  const { changes: reads, passThroughs, refusal } = readVerdict(verdict, transform)
  const form = hasSchemas ? formWithSchemas : formOfMaps
  const comparison = compareHistory(history, expectedChanges(history), reads, (row, item) =>
    isItemRead(row, item, form),
  )
  return {
    judge: title,
    records: records.length,
    exceptions: refusal === undefined ? 0 : 1,
    passThroughs,
    comparison,
    complaint: refusal ?? comparison.difference,
  }
}

const formWithSchemas: ReadForm = { numbers: 'text', binaries: 'bytes', nested: 'json' }
const formOfMaps: ReadForm = { numbers: 'text', binaries: 'base64', nested: 'values' }

/** What the judge says of one record. */
interface Outcome {
  readonly key: { readonly pk: string; readonly sk: string }
  readonly value?: object | null
  readonly dropped?: true
  readonly unchanged?: true
}

interface ReadVerdict {
  readonly changes: readonly ReadChange[]
  readonly passThroughs: number
  /** What it said when it refused a record. */
  readonly refusal: string | undefined
}

function readVerdict({ lines, errors, exitCode }: Verdict, { added }: SinkTransform): ReadVerdict {
  const refused = lines.find((line) => line.startsWith('REFUSED'))
  const refusal = refused ?? (exitCode === 0 || exitCode === 2 ? undefined : errors)
  const outcomes = lines.filter((line) => line.startsWith('{')).map((line) => parseExactly(line) as Outcome)
  // A tombstone is dropped by Debezium's transform and handed on by Iceberg's: the change is in front of it.
  const changes = outcomes.filter((outcome, index) => !isTombstone(outcome, outcomes[index - 1]))
  return {
    changes: changes.map((outcome) => readChange(outcome, added)),
    passThroughs: changes.filter(({ dropped, unchanged }) => dropped === true || unchanged === true).length,
    refusal,
  }
}

/** Behind what says that a row is gone, nothing more about that row. */
function isTombstone({ key, value, dropped }: Outcome, before: Outcome | undefined): boolean {
  const isNothing = dropped === true || value === null
  const isBehindDelete = before?.value === null || cdcOp(before?.value) === 'D'
  return isNothing && isBehindDelete && before?.key.pk === key.pk && before.key.sk === key.sk
}

function readChange({ key, value }: Outcome, added: string | undefined): ReadChange {
  const identity = rowIdentity(key.pk, key.sk)
  if (value === null || value === undefined) return { identity, isGone: value === null, row: undefined }
  const row = added === undefined ? value : Object.fromEntries(Object.entries(value).filter(([name]) => name !== added))
  return { identity, isGone: cdcOp(value) === 'D', row }
}

/** What Iceberg's transform adds to a row: `I`, `U` or `D`. */
function cdcOp(value: object | null | undefined): unknown {
  return memberOf(memberOf(value, '_cdc'), 'op')
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined
}
