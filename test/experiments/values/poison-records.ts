import type { Rng } from '../../../src/async/rng.ts'
import type { World } from '../../sim/world/run-world.ts'
import type { Experiment } from '../experiment.ts'
import { startStopRounds } from './stop-rounds.ts'
import type { Obstacle } from './stop-rounds.ts'
import { worldWithVerdicts } from './world-with-verdicts.ts'

/** A record that no version of the pipeline can deliver stops its table there, and nothing else. */
export const poisonExperiment: Experiment = worldWithVerdicts({
  id: 'E48',
  title: 'A record of the stream cannot be decoded: its table stops there by name until the record is mended',
  overrides: {
    delivery: 'exactly_once',
    workers: 2,
    lanes: 3,
    tables: 2,
    changesPerSecond: 20,
    reshardsPerSecond: 0.1,
    // Smaller pages can be so slow after a restart that neighbours are late without any fault.
    pageRecords: 20,
    activeMs: 90_000,
    faults: {},
  },
  minimum: { records: 200, faults: { 'poison-record': 3 } },
  target: { faults: { 'poison-record': 2_000 } },
  intervene: (world) => {
    const rounds = startStopRounds(world, () => poisonOne(world))
    const total = (): number => Object.values(rounds.obstacles).reduce((sum, count) => sum + count, 0)
    return { faults: () => ({ ...rounds.obstacles, 'poison-record': total() }), judge: (shown) => rounds.judge(shown) }
  },
})

interface WireRecord {
  readonly eventName: string
  readonly dynamodb: { readonly NewImage?: object; readonly Keys: object }
}

interface Poison {
  readonly kind: string
  readonly isPositionReadable: boolean
  /** Undefined where a record of this kind would not be spoilt by it. */
  spoil(record: WireRecord): unknown
}

const poisons: readonly Poison[] = [
  inImage('unknown-type', { Q: 'x' }),
  inImage('two-types', { S: 'x', N: '1' }),
  inImage('number-without-digits', { N: 'one' }),
  {
    kind: 'missing-new-image',
    isPositionReadable: true,
    spoil: (record) =>
      record.eventName === 'REMOVE' ? undefined : { ...record, dynamodb: { ...record.dynamodb, NewImage: undefined } },
  },
  {
    kind: 'keys-no-object',
    isPositionReadable: true,
    spoil: (record) => ({ ...record, dynamodb: { ...record.dynamodb, Keys: 'id' } }),
  },
  { kind: 'unknown-event', isPositionReadable: true, spoil: (record) => ({ ...record, eventName: 'TRUNCATE' }) },
  { kind: 'not-an-object', isPositionReadable: false, spoil: () => 42 },
]

function inImage(kind: string, value: unknown): Poison {
  return {
    kind,
    isPositionReadable: true,
    spoil: (record) => {
      const { NewImage: image } = record.dynamodb
      if (image === undefined) return undefined
      return { ...record, dynamodb: { ...record.dynamodb, NewImage: { ...image, odd: value } } }
    },
  }
}

/** Writes a change and spoils its record in the stream before anybody can read it. */
function poisonOne({ tables, writers, surroundings: { rng } }: World): Obstacle | undefined {
  const index = Math.floor(rng.next() * tables.length)
  const table = tables[index]
  const writer = writers[index]
  if (table === undefined || writer === undefined) return undefined
  // The ones around it lie in the same page.
  const writeSome = (): void => {
    for (let count = Math.floor(rng.next() * 6); count > 0; count--) writer.writeOne()
  }
  writeSome()
  writer.writeOne()
  const position = writer.written.at(-1)?.position
  writeSome()
  if (position === undefined) return undefined
  const { records } = table.stream.shard(position.shardId)
  const at = records.findIndex(({ sequenceNumber }) => sequenceNumber === position.sequenceNumber)
  const whole = records[at]
  if (whole === undefined) return undefined
  const { kind, isPositionReadable, spoil } = pick(poisons, rng)
  const spoilt = spoil(JSON.parse(whole.json) as WireRecord)
  if (spoilt === undefined) return undefined
  records[at] = { ...whole, json: JSON.stringify(spoilt) }
  return {
    kind,
    table: table.name,
    position,
    code: 'RECORD_UNREADABLE',
    isPositionReadable,
    restarts: rng.next() < 0.5 ? 'all' : 'coordinator',
    mend: () => void (records[at] = whole),
  }
}

function pick<T>(choices: readonly T[], rng: Rng): T {
  return choices[Math.floor(rng.next() * choices.length)] as T
}
