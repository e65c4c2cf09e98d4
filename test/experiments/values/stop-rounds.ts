import { compareSequenceNumbers } from '../../../src/change/sequence-number.ts'
import type { ErrorCode } from '../../../src/error-catalogue.ts'
import type { AnomalyName, ChangePosition, WrittenChange } from '../../../src/oracle/oracle.ts'
import type { PipelineEvent } from '../../../src/pipeline/pipeline-event.ts'
import { changeName, createOutputScan } from '../../sim/world/output-scan.ts'
import type { World } from '../../sim/world/run-world.ts'
import type { RunOutcome } from '../experiment.ts'
import { createVerdicts } from './verdicts.ts'

/** A change that a table cannot get past until somebody mends the cause. */
export interface Obstacle {
  /** As it is counted among the faults. */
  readonly kind: string
  readonly table: string
  readonly position: ChangePosition
  /** What the table must stop with. */
  readonly code: ErrorCode
  /**
   * False where the record's own position cannot be read: the page is then refused as a whole, and the refusal names
   * what lies in front of it.
   */
  readonly isPositionReadable: boolean
  /** Which workers are killed once it is mended: all, or only the one that holds lane 0. */
  readonly restarts: 'all' | 'coordinator'
  mend(): void
}

/** What the rounds of a run have shown. */
export interface StopRounds {
  readonly obstacles: Readonly<Record<string, number>>
  /** Adds to an outcome what was wrong in the rounds. */
  judge(outcome: RunOutcome): RunOutcome
}

const stopsWithinMs = 20_000
const standsForMs = 5_000
const catchesUpWithinMs = 4_000
const resumesWithinMs = 40_000
const lookMs = 200

/**
 * One obstacle after the other while the run is active. Each must stop its table by name, at its place; nothing behind it
 * may come, its neighbours go on; and once it is mended and the workers are started anew, everything must come.
 */
export function startStopRounds(world: World, place: () => Obstacle | undefined): StopRounds {
  return new Rounds(world, place)
}

type EventOf<K extends PipelineEvent['kind']> = Extract<PipelineEvent, { readonly kind: K }>

class Rounds implements StopRounds {
  readonly #world: World
  readonly #place: () => Obstacle | undefined
  readonly #verdicts = createVerdicts()
  readonly #scan: ReturnType<typeof createOutputScan>
  readonly obstacles: Record<string, number> = {}
  /** The process that took lane 0 last. */
  #coordinator = ''

  constructor(world: World, place: () => Obstacle | undefined) {
    this.#world = world
    this.#place = place
    const { topics } = world.surroundings.kafka.state
    const outputs = () => [...topics.values()].filter(({ name }) => name !== world.ledgerTopic)
    this.#scan = createOutputScan(outputs, (topic) => topic.slice(topic.indexOf('.') + 1))
    world.onEvent(({ worker, event }) => {
      if (event.kind === 'lane-taken' && event.lane === 0) this.#coordinator = worker
    })
    this.#after(3_000 + world.surroundings.rng.next() * 3_000, () => this.#begin())
  }

  judge(outcome: RunOutcome): RunOutcome {
    return this.#verdicts.addTo(outcome)
  }

  #begin(): void {
    const { plan, surroundings } = this.#world
    if (surroundings.time.elapsedMs > plan.activeMs) return
    const from = this.#world.events.length
    const obstacle = this.#place()
    if (obstacle === undefined) {
      this.#after(100, () => this.#begin())
      return
    }
    this.obstacles[obstacle.kind] = (this.obstacles[obstacle.kind] ?? 0) + 1
    surroundings.trace.note(`obstacle ${obstacle.kind} at ${describe(obstacle)}`)
    this.#await(
      stopsWithinMs,
      () => this.#find('table-stopped', from, isOf(obstacle)) !== undefined,
      (isStopped) => {
        if (!isStopped) this.#report('hang', obstacle, 'its table did not stop')
        this.#after(standsForMs, () => {
          if (isStopped) this.#check(obstacle, from)
          obstacle.mend()
          this.#restart(obstacle)
        })
      },
    )
  }

  #check(obstacle: Obstacle, from: number): void {
    const { shardId, sequenceNumber } = obstacle.position
    const stopped = this.#find('table-stopped', from, isOf(obstacle))
    if (stopped?.code !== obstacle.code) this.#report('hang', obstacle, `its table stopped with ${stopped?.code}`)
    const refused = this.#find('record-refused', from, ({ shard }) => shard.table === obstacle.table)
    const reason = stopped?.reason ?? ''
    const isNamed = obstacle.isPositionReadable ? reason.includes(sequenceNumber) : /behind (\d|the trim)/.test(reason)
    if (refused?.shard.shardId !== shardId || !reason.includes(shardId) || !isNamed)
      this.#report('hang', obstacle, `the reason names another place: ${reason}`)
    if (this.#find('table-resumed', from, isOf(obstacle)) !== undefined)
      this.#report('hang', obstacle, 'its table went on by itself')
    this.#scan.advance()
    this.#checkShard(obstacle)
    this.#checkNeighbours(obstacle)
  }

  /** In front of it everything, behind it nothing. */
  #checkShard(obstacle: Obstacle): void {
    const { shardId, sequenceNumber } = obstacle.position
    const inShard = this.#writtenTo(obstacle.table).filter(({ position }) => position?.shardId === shardId)
    const missing: boolean[] = []
    for (const change of inShard) {
      const isInFront = compareSequenceNumbers(change.position?.sequenceNumber ?? '0', sequenceNumber) < 0
      const isDelivered = this.#scan.distinct.has(changeName(change))
      if (isInFront) missing.push(!isDelivered)
      else if (isDelivered) this.#report('skip', obstacle, `${changeName(change)} came although it lies behind`)
    }
    const lacking = missing.filter(Boolean).length
    const isGapless = missing.lastIndexOf(false) < missing.length - lacking
    const mayLack = obstacle.isPositionReadable ? 0 : this.#world.plan.pageRecords - 1
    if (lacking > mayLack || !isGapless)
      this.#report('lost', obstacle, `${lacking} changes in front of it had not come`)
  }

  #checkNeighbours(obstacle: Obstacle): void {
    const { surroundings } = this.#world
    const latest = surroundings.originMs + surroundings.time.elapsedMs - catchesUpWithinMs
    for (const { name } of this.#world.tables) {
      if (name === obstacle.table) continue
      const late = this.#writtenTo(name).find(
        (change) => change.writtenAtMs < latest && !this.#scan.distinct.has(changeName(change)),
      )
      if (late !== undefined) this.#report('hang', obstacle, `its neighbour is late with ${changeName(late)}`)
    }
  }

  #restart(obstacle: Obstacle): void {
    const { fleet, surroundings } = this.#world
    // Of all tables: what the next round finds must not be late because of this restart.
    const known = this.#world.tables.flatMap(({ name }) => this.#writtenTo(name))
    for (const [place, { process }] of fleet.workers) {
      if (obstacle.restarts === 'coordinator' && process.name !== this.#coordinator) continue
      fleet.kill(place, surroundings.rng.next() * 2_000)
    }
    const isDelivered = (): boolean => {
      this.#scan.advance()
      return known.every((change) => this.#scan.distinct.has(changeName(change)))
    }
    this.#await(resumesWithinMs, isDelivered, (isResumed) => {
      if (!isResumed) this.#report('hang', obstacle, 'not everything had come when it was mended')
      this.#after(500 + surroundings.rng.next() * 2_000, () => this.#begin())
    })
  }

  #writtenTo(table: string): readonly WrittenChange[] {
    const index = this.#world.tables.findIndex(({ name }) => name === table)
    return this.#world.writers[index]?.written ?? []
  }

  #find<K extends PipelineEvent['kind']>(
    kind: K,
    from: number,
    fits: (event: EventOf<K>) => boolean,
  ): EventOf<K> | undefined {
    for (const { event } of this.#world.events.slice(from)) {
      if (event.kind === kind && fits(event as EventOf<K>)) return event as EventOf<K>
    }
    return undefined
  }

  #report(name: AnomalyName, obstacle: Obstacle, what: string): void {
    this.#verdicts.add(name, `${obstacle.kind} at ${describe(obstacle)}: ${what}`)
  }

  #after(ms: number, then: () => void): void {
    this.#world.surroundings.time.after(ms, then)
  }

  #await(ms: number, isTrue: () => boolean, then: (isTrue: boolean) => void): void {
    if (isTrue()) then(true)
    else if (ms <= 0) then(false)
    else this.#after(lookMs, () => this.#await(ms - lookMs, isTrue, then))
  }
}

function isOf(obstacle: Obstacle): (event: { readonly table: string }) => boolean {
  return ({ table }) => table === obstacle.table
}

function describe({ table, position }: Obstacle): string {
  return `${table} ${position.shardId} ${position.sequenceNumber}`
}
