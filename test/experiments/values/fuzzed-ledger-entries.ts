import type { Rng } from '../../../src/async/rng.ts'
import { TailraceError } from '../../../src/errors.ts'
import { decodeEntry, encodeEntry } from '../../../src/lanes/ledger-codec.ts'
import type { LedgerEntry, SnapshotRun, TableStatus } from '../../../src/lanes/ledger-entry.ts'
import { below, damaged, pick, withBitFlipped } from './damage.ts'
import type { Verdicts } from './verdicts.ts'

/** How many damaged entries were read. */
export interface FuzzedEntries {
  readonly bitFlips: number
  readonly edits: number
}

/** Every bit of one entry is turned over, in key and value, and `edits` times it is damaged somewhere. */
export function fuzzEntry(rng: Rng, edits: number, verdicts: Verdicts): FuzzedEntries {
  const entry = drawEntry(rng)
  const { key, value } = encodeEntry(entry)
  let bitFlips = 0
  const judge = (damagedKey: Buffer, damagedValue: Buffer, what: string): void => {
    const fault = faultOf(entry, damagedKey, damagedValue)
    if (fault !== undefined) verdicts.add('phantom', `${what} of ${key.toString()}: ${fault}`)
  }
  for (let bit = 0; bit < key.length * 8; bit++, bitFlips++)
    judge(withBitFlipped(key, bit), value, `bit ${bit} of the key`)
  for (let bit = 0; bit < value.length * 8; bit++, bitFlips++)
    judge(key, withBitFlipped(value, bit), `bit ${bit} of the value`)
  for (let edit = 0; edit < edits; edit++) {
    const isKey = rng.next() < 0.2
    judge(isKey ? damaged(key, rng) : key, isKey ? value : damaged(value, rng), `edit ${edit}`)
  }
  return { bitFlips, edits }
}

function faultOf(entry: LedgerEntry, key: Buffer, value: Buffer): string | undefined {
  try {
    const read = decodeEntry(key, value)
    // As text: a minus in front of a zero changes nothing.
    const isEqual = read.kind === 'entry' && JSON.stringify(read.entry) === JSON.stringify(entry)
    return isEqual ? undefined : `read as ${JSON.stringify(read)}`
  } catch (error) {
    const isNamed =
      error instanceof TailraceError && (error.code === 'LEDGER_CORRUPT' || error.code === 'LEDGER_FORMAT')
    return isNamed ? undefined : `failed with ${String(error)}`
  }
}

/** An entry of any kind, with whatever it may hold. */
function drawEntry(rng: Rng): LedgerEntry {
  const arn = 'arn:aws:dynamodb:eu-central-1:123456789012:table'
  const tableArn = `${arn}/orders-${below(rng, 1_000)}`
  const streamArn = `${tableArn}/stream/2026-01-01T00:00:00.${String(below(rng, 1_000)).padStart(3, '0')}`
  const shard = (): string => `shardId-${String(below(rng, 1e9)).padStart(20, '0')}-${below(rng, 2 ** 32).toString(16)}`
  const number = (): string => String(below(rng, 1e15)).padStart(21, '0')
  const maybe = <T>(value: T): T | undefined => (rng.next() < 0.5 ? value : undefined)
  const millis = 1_800_000_000_000 + below(rng, 1e9)
  const position = { tableArn, streamArn, shardId: shard() }
  const table = {
    arn: tableArn,
    name: tableArn.slice(arn.length + 1),
    id: '8f1c3f3c-6f6b-4b57-9a0e-0d0f3b1f6a11',
    region: 'eu-central-1',
    account: '123456789012',
    streamArn,
    viewType: 'NEW_AND_OLD_IMAGES',
    keySchema: [{ name: pick(rng, ['id', '__proto__', 'ключ', '\uFFFD']), type: 'S' }],
  } as const
  const parents = Array.from({ length: below(rng, 3) }, shard)
  const children = Array.from({ length: below(rng, 3) }, shard)
  const moment = { createdAtMs: maybe(millis), committedAtMs: millis }
  const topic = { topic: `shop.${table.name}`, topicPartitions: 1 + below(rng, 64), topicId: maybe(table.id) }
  const stopped = {
    kind: 'stopped',
    code: 'RECORD_TOO_LARGE',
    reason: 'an odd “reason”\n',
    shardId: maybe(shard()),
  } as const
  const snapshot = drawSnapshot(rng, stopped)
  const identity = { pipeline: 'shop', clusterId: 'Some-cluster', topicId: table.id, lanes: 1 + below(rng, 64) }
  const entries: readonly LedgerEntry[] = [
    { kind: 'identity', ...identity, epoch: below(rng, 9), fingerprint: below(rng, 2 ** 32).toString(16) },
    {
      kind: 'table',
      version: 1 + below(rng, 99),
      table,
      ...topic,
      status: pick(rng, [
        { kind: 'streaming' } as const,
        { kind: 'draining', replacedBy: streamArn } as const,
        stopped,
      ]),
      notBeforeMs: maybe(millis),
      homeLane: maybe(below(rng, 16)),
      run: below(rng, 3),
      snapshot: maybe(snapshot),
      settled: maybe({ request: shard(), refusal: maybe(stopped.reason) }),
    },
    {
      kind: 'begin',
      ...position,
      generation: below(rng, 9),
      parent: parents[0],
      parents,
      after: maybe(number()),
      notBeforeMs: maybe(0),
      sinceMs: maybe(millis),
      begunAtMs: maybe(millis),
    },
    {
      kind: 'at',
      ...position,
      generation: 0,
      status: 'open',
      after: number(),
      ...moment,
      movedTo: undefined,
      children: undefined,
    },
    {
      kind: 'at',
      ...position,
      generation: 2,
      status: 'end',
      after: maybe(number()),
      ...moment,
      movedTo: undefined,
      children,
    },
    {
      kind: 'at',
      ...position,
      generation: 1,
      status: 'moved',
      after: number(),
      ...moment,
      movedTo: 3,
      children: undefined,
    },
    {
      kind: 'stop',
      ...position,
      tableVersion: below(rng, 9),
      code: stopped.code,
      reason: stopped.reason,
      after: maybe(number()),
      atMs: millis,
    },
    ...snapshotEntries(rng, tableArn, snapshot.filter),
  ]
  return pick(rng, entries)
}

type Stopped = Extract<TableStatus, { readonly kind: 'stopped' }>

function drawSnapshot(rng: Rng, stopped: Stopped): SnapshotRun {
  const maybe = <T>(value: T): T | undefined => (rng.next() < 0.5 ? value : undefined)
  const millis = 1_800_000_000_000 + below(rng, 1e9)
  return {
    run: below(rng, 5),
    kind: pick(rng, ['initial', 'incremental'] as const),
    segments: 1 + below(rng, 64),
    filter: maybe({ expression: '#a = :b', names: { '#a': 'status' }, values: { ':b': { S: 'open' } } }),
    regains: rng.next() < 0.5,
    state: pick(rng, ['running', 'paused', 'completed', 'failed', 'parked', 'stopped'] as const),
    reason: maybe(stopped.reason),
    code: maybe(stopped.code),
    beganAtMs: millis,
    endedAtMs: maybe(millis),
    expectedItems: below(rng, 1e9),
    totals: { items: below(rng, 1e6), rows: below(rng, 1e6), units: below(rng, 1e6) / 2 },
  }
}

function snapshotEntries(rng: Rng, tableArn: string, filter: SnapshotRun['filter']): readonly LedgerEntry[] {
  const maybe = <T>(value: T): T | undefined => (rng.next() < 0.5 ? value : undefined)
  const millis = 1_800_000_000_000 + below(rng, 1e9)
  const scan = { tableArn, run: below(rng, 5), segment: below(rng, 8), totalSegments: 8 }
  return [
    { kind: 'answer', tableArn, run: below(rng, 9), lane: below(rng, 16) },
    {
      kind: 'scan',
      ...scan,
      lastKey: maybe('{"id":{"S":"\\u0000"}}'),
      pages: below(rng, 1e4),
      items: below(rng, 1e6),
      rows: below(rng, 1e6),
      units: below(rng, 1e6) / 2,
      isDone: rng.next() < 0.5,
    },
    { kind: 'baseline', tableArn, run: below(rng, 5), offsets: ['0', String(below(rng, 1e9))] },
    {
      kind: 'request',
      id: `request-${below(rng, 1e9)}`,
      tableArn,
      action: pick(rng, [
        { kind: 'pause' } as const,
        { kind: 'start', snapshot: 'incremental', segments: maybe(4), filter: filter } as const,
      ]),
      atMs: millis,
    },
    {
      kind: 'report',
      tableArn,
      run: below(rng, 9),
      outcome: pick(rng, ['completed', 'failed'] as const),
      code: maybe('SCAN_REFUSED'),
      reason: maybe('an odd “reason”\n'),
      totals: { items: below(rng, 1e6), rows: below(rng, 1e6), units: below(rng, 1e6) / 2 },
      atMs: millis,
    },
  ]
}
