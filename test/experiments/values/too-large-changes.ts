import type { Topic } from '../../sim/kafka/cluster-state.ts'
import { readBatchFacts } from '../../sim/kafka/batch-bytes.ts'
import type { OutgoingRequest } from '../../sim/kafka/network.ts'
import { makeTopic } from '../../sim/kafka/topic-requests.ts'
import type { World } from '../../sim/world/run-world.ts'
import type { Experiment } from '../experiment.ts'
import { recordSizeOf } from './record-size.ts'
import type { RecordSize } from './record-size.ts'
import { startStopRounds } from './stop-rounds.ts'
import type { Obstacle } from './stop-rounds.ts'
import { createVerdicts } from './verdicts.ts'
import type { Verdicts } from './verdicts.ts'
import { worldWithVerdicts } from './world-with-verdicts.ts'
import type { Intervention } from './world-with-verdicts.ts'

const firstLimit = 4_000

/** Sizes around what the topic takes, with one image or both: what fits passes, and what does not stops its table. */
export const tooLargeExperiment: Experiment = worldWithVerdicts({
  id: 'E47',
  title:
    'Changes are a few bytes smaller or larger than their topic takes: the larger ones stop their table until it takes more',
  overrides: {
    delivery: 'exactly_once',
    workers: 2,
    lanes: 3,
    tables: 2,
    topicPartitions: 2,
    workload: { keys: 40, skew: 2, deleteShare: 0.15, paddingBytes: 20 },
    changesPerSecond: 20,
    reshardsPerSecond: 0.1,
    // Smaller pages can be so slow after a restart that neighbours are late without any fault.
    pageRecords: 20,
    activeMs: 90_000,
    faults: {},
  },
  minimum: { records: 200, faults: { 'too-large': 3, 'just-fits': 6 } },
  target: { faults: { 'too-large': 900, 'just-fits': 1_800 } },
  intervene: (world) => new Sizes(world),
})

class Sizes implements Intervention {
  readonly #world: World
  readonly #topic: Topic
  readonly #limit: Map<string, string>
  readonly #rounds: ReturnType<typeof startStopRounds>
  readonly #verdicts: Verdicts = createVerdicts()
  #justFits = 0
  #serial = 0
  #widestMargin = 0

  constructor(world: World) {
    this.#world = world
    this.#limit = new Map([['max.message.bytes', String(firstLimit)]])
    const { kafka, link } = world.surroundings
    this.#topic = makeTopic(kafka.state, 'sim.orders-0', world.plan.topicPartitions, this.#limit)
    link.add((request) => this.#watch(request))
    this.#rounds = startStopRounds(world, () => this.#place())
  }

  faults(): Readonly<Record<string, number>> {
    return { ...this.#rounds.obstacles, 'just-fits': this.#justFits }
  }

  judge(outcome: Parameters<Intervention['judge']>[0]): ReturnType<Intervention['judge']> {
    for (const { log } of this.#topic.partitions) {
      const largest = Math.max(...log.history.map(({ bytes }) => bytes.length))
      if (largest > this.#takes) this.#verdicts.add('phantom', `a batch of ${largest} bytes is in the log`)
    }
    const shown = this.#rounds.judge(this.#verdicts.addTo(outcome))
    return {
      ...shown,
      examples: [...shown.examples, `reckoned at most ${this.#widestMargin} bytes more than were sent`],
    }
  }

  get #takes(): number {
    return Number(this.#topic.config.get('max.message.bytes'))
  }

  /** A batch of several changes may be refused and is cut then; one change alone must never be tried. */
  #watch({ action, request }: OutgoingRequest): undefined {
    if (action !== 'Produce') return
    for (const { topic, bytes } of request[2] as readonly { readonly topic: string; readonly bytes: Buffer }[]) {
      if (topic !== this.#topic.name || readBatchFacts(bytes).records > 1 || bytes.length <= this.#takes) continue
      this.#verdicts.add('phantom', `a record of ${bytes.length} bytes was sent to a topic that takes ${this.#takes}`)
    }
  }

  #place(): Obstacle | undefined {
    const { rng } = this.#world.surroundings
    for (let probe = 0; probe < 3; probe++) {
      const below = this.#write(-Math.floor(rng.next() * 40))
      if (below.size.reckoned > this.#takes) return this.#obstacle(below)
      this.#justFits++
    }
    const above = this.#write(1 + Math.floor(rng.next() * 150))
    if (above.size.reckoned > this.#takes) return this.#obstacle(above)
    this.#justFits++
    return undefined
  }

  /** A new item, or the second version of one, whose record is so many bytes larger than the topic takes. */
  #write(excess: number): Probe {
    const { writers, surroundings } = this.#world
    const [writer] = writers
    if (writer === undefined) throw new Error('there is no table')
    const key = `sized-${String(++this.#serial).padStart(5, '0')}`
    const bare = 100
    writer.writeSized(`${key}a`, bare)
    const first = this.#measure()
    const hasBoth = surroundings.rng.next() < 0.5
    if (!hasBoth) writer.writeSized(`${key}b`, this.#takes + excess - first.size.reckoned + bare)
    else {
      const half = Math.floor(this.#takes / 3)
      writer.writeSized(`${key}a`, half)
      const both = this.#measure()
      writer.writeSized(`${key}a`, this.#takes + excess - both.size.reckoned + bare)
    }
    return this.#measure()
  }

  #measure(): Probe {
    const { writers, tables, surroundings } = this.#world
    const position = writers[0]?.written.at(-1)?.position
    const [table] = tables
    if (position === undefined || table === undefined) throw new Error('nothing was written')
    const size = recordSizeOf(table, position, surroundings.originMs + surroundings.time.elapsedMs)
    this.#widestMargin = Math.max(this.#widestMargin, size.reckoned - size.sent)
    if (size.reckoned < size.sent) this.#verdicts.add('phantom', 'a record is larger than it was reckoned')
    return { position, size }
  }

  #obstacle({ position, size }: Probe): Obstacle {
    const more = size.reckoned + Math.floor(this.#world.surroundings.rng.next() * 1_500)
    return {
      kind: 'too-large',
      table: 'orders-0',
      position,
      code: 'RECORD_TOO_LARGE',
      isPositionReadable: true,
      restarts: 'coordinator',
      mend: () => void this.#topic.config.set('max.message.bytes', String(more)),
    }
  }
}

interface Probe {
  readonly position: Obstacle['position']
  readonly size: RecordSize
}
