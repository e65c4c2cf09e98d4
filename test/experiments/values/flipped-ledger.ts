import { TailraceError } from '../../../src/errors.ts'
import { decodeRecordBatches } from '../../../src/kafka/record-batch-decoder.ts'
import { checksum } from '../../../src/kafka/record-batch-encoder.ts'
import type { LogBatch } from '../../sim/kafka/partition-log.ts'
import type { World } from '../../sim/world/run-world.ts'
import type { Experiment, RunOutcome } from '../experiment.ts'
import { below, pick, withBitFlipped } from './damage.ts'
import { createVerdicts } from './verdicts.ts'
import { worldWithVerdicts } from './world-with-verdicts.ts'
import type { Intervention } from './world-with-verdicts.ts'

const standsForMs = 12_000

/** What Kafka's own checksum no longer shows: a stored position that is not what was written. */
export const flippedLedgerExperiment: Experiment = worldWithVerdicts({
  id: 'E50-ledger',
  title:
    'A bit of a committed ledger record turns over under a checksum that fits: its lane is not taken before it is mended',
  overrides: {
    delivery: 'exactly_once',
    workers: 2,
    lanes: 3,
    tables: 2,
    changesPerSecond: 20,
    reshardsPerSecond: 0.2,
    activeMs: 90_000,
    faults: {},
  },
  minimum: { records: 200, faults: { 'ledger-bit-flip-committed': 3 } },
  target: { faults: { 'ledger-bit-flip-committed': 500 } },
  intervene: (world) => new Flips(world),
})

interface Flip {
  readonly lane: number
  readonly batch: LogBatch
  readonly whole: Buffer
  readonly what: string
}

class Flips implements Intervention {
  readonly #world: World
  readonly #verdicts = createVerdicts()
  #flips = 0
  #refusals = 0
  /** The damage that stands now. */
  #standing: Flip | undefined
  /** From here on nobody can know the lane from before. */
  #isForgotten = false
  /** Refusals that name the damage that stands now. */
  #noticed = 0
  #knownFailures = 0

  constructor(world: World) {
    this.#world = world
    world.onEvent(({ event }) => {
      if (event.kind === 'lane-taken' && this.#isForgotten && event.lane === this.#standing?.lane)
        this.#report('its lane was taken nevertheless')
      if ((event.kind === 'lane-in-doubt' || event.kind === 'coordinator-failed') && this.#standing !== undefined)
        this.#look(event.error)
    })
    this.#after(8_000 + world.surroundings.rng.next() * 4_000, () => this.#begin())
  }

  faults(): Readonly<Record<string, number>> {
    return { 'ledger-bit-flip-committed': this.#flips, 'refused-by-name': this.#refusals }
  }

  judge(outcome: RunOutcome): RunOutcome {
    return this.#verdicts.addTo(outcome)
  }

  #begin(): void {
    const { plan, surroundings, fleet, ledgerTopic } = this.#world
    const { rng, time, kafka } = surroundings
    if (time.elapsedMs > plan.activeMs) return
    const lane = below(rng, plan.lanes)
    const batch = pick(rng, committedBatches(kafka.state.topics.get(ledgerTopic)?.partitions[lane]?.log.history ?? []))
    if (batch === undefined) {
      this.#after(1_000, () => this.#begin())
      return
    }
    const whole = Buffer.from(batch.bytes)
    const what = flipOne(batch, rng)
    this.#flips++
    this.#noticed = 0
    this.#knownFailures = fleet.failures.length
    this.#standing = { lane, batch, whole, what }
    surroundings.trace.note(`${what} of lane ${lane} is turned over`)
    // Who knows the lane already does not read it again: all are started anew, and all of them at once.
    for (let place = 0; place < fleet.places; place++) fleet.kill(place, 500 + rng.next() * 1_000)
    this.#isForgotten = true
    this.#after(standsForMs, () => this.#mend())
  }

  #mend(): void {
    const { fleet, surroundings } = this.#world
    const { failures } = fleet
    for (const error of failures.slice(this.#knownFailures)) this.#look(error)
    if (this.#noticed === 0) this.#report('nobody refused it by name')
    this.#refusals += this.#noticed
    const { batch, whole } = this.#standing ?? {}
    if (batch !== undefined) whole?.copy(batch.bytes)
    this.#standing = undefined
    this.#isForgotten = false
    this.#after(8_000 + surroundings.rng.next() * 4_000, () => this.#begin())
  }

  #look(error: unknown): void {
    const isNamed =
      error instanceof TailraceError && (error.code === 'LEDGER_CORRUPT' || error.code === 'LEDGER_FORMAT')
    if (isNamed) this.#noticed++
  }

  #report(what: string): void {
    this.#verdicts.add('phantom', `${this.#standing?.what} of lane ${this.#standing?.lane}: ${what}`)
  }

  #after(ms: number, then: () => void): void {
    this.#world.surroundings.time.after(ms, then)
  }
}

/** Batches of entries whose transaction was committed; aborted ones are nobody's to read. */
function committedBatches(history: readonly LogBatch[]): readonly LogBatch[] {
  return history.filter((batch, index) => {
    if (batch.marker !== undefined || !batch.facts.isTransactional) return false
    const end = history.slice(index).find(({ marker, facts }) => marker !== undefined && isSame(facts, batch.facts))
    return end?.marker === 'commit' && entriesOf(batch).length > 0
  })
}

function isSame(a: LogBatch['facts'], b: LogBatch['facts']): boolean {
  return a.producerId === b.producerId
}

function entriesOf({ bytes }: LogBatch): readonly { readonly key: Buffer; readonly value: Buffer }[] {
  const records = decodeRecordBatches(bytes)[0]?.records ?? []
  return records.flatMap(({ key, value }) => (key === null || value === null ? [] : [{ key, value }]))
}

/** In the log itself, under a new checksum of the batch. Says what was hit. */
function flipOne(batch: LogBatch, rng: World['surroundings']['rng']): string {
  const { key, value } = pick(rng, entriesOf(batch))
  const isKey = rng.next() < 0.2
  const hit = isKey ? key : value
  const from = batch.bytes.indexOf(value) - (isKey ? key.length + varintBytes(value.length) : 0)
  const bit = below(rng, hit.length * 8)
  if (!batch.bytes.subarray(from, from + hit.length).equals(hit)) throw new Error('the entry is not where it must be')
  withBitFlipped(hit, bit).copy(batch.bytes, from)
  batch.bytes.writeUInt32BE(checksum(batch.bytes), 17)
  return `bit ${bit} of the ${isKey ? 'key' : 'value'} ${key.toString()}`
}

/** Of a length, as it stands between key and value. */
function varintBytes(length: number): number {
  let bytes = 1
  for (let rest = length * 2; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++
  return bytes
}
