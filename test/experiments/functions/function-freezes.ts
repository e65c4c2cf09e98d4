import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { seededRng } from '../../../src/async/rng.ts'
import { systemClock } from '../../../src/async/system-clock.ts'
import { startStreamSimulator } from '../../servers/stream-simulator/stream-simulator.ts'
import type { SimulatedTable } from '../../servers/stream-simulator/simulated-table.ts'
import { temporaryFolder } from '../../servers/temporary-folder.ts'
import { startKafkaBehindDoors } from '../proxied/kafka-behind-doors.ts'
import { deliveredSequences } from './delivered-sequences.ts'
import { openFunctionSlots } from './function-slots.ts'
import type { FunctionSlot } from './function-slots.ts'
import { packFunction } from './packed-function.ts'
import { functionPipelineText, shardEvents } from './shard-events.ts'

/** Sandboxes that are frozen between two batches, while a firewall forgets their connections to the broker. */
export interface FreezePlan {
  readonly seed: number
  /** Each with a shard and a door of its own, all frozen at the same time. */
  readonly sandboxes: number
  readonly rounds: number
  /** Milliseconds. */
  readonly frozenMs: number
  readonly timeLimitSeconds: number
}

/** What came of it. */
export interface FreezeOutcome {
  readonly lost: number
  readonly duplicated: number
  readonly changes: number
  readonly freezes: number
  /** Connections that were forgotten without a word. */
  readonly forgotten: number
  /** First invocations after a thaw: how long each took, in milliseconds, and why others failed. */
  readonly thawMs: readonly number[]
  readonly failures: readonly string[]
  /** Most connections of one sandbox at once, dead ones left out. */
  readonly mostConnections: number
}

/** Runs all rounds. Between two of them every sandbox stands still, and what it had sent and would be sent vanishes. */
export async function runFreezes(plan: FreezePlan): Promise<FreezeOutcome> {
  await using stack = new AsyncDisposableStack()
  const [clock, rng] = [systemClock, seededRng(plan.seed)]
  const home = stack.use(await temporaryFolder())
  const directory = path.join(home.path, 'kafka')
  await mkdir(directory)
  const kafka = stack.use(await startKafkaBehindDoors({ directory, doors: plan.sandboxes, clock, rng }))
  const simulator = stack.use(await startStreamSimulator())
  const table = simulator.createTable({
    name: 'orders',
    keySchema: [{ name: 'id', type: 'S' }],
    viewType: 'NEW_AND_OLD_IMAGES',
    openShards: plan.sandboxes,
  })
  const { zip } = stack.use(await packFunction(functionPipelineText(simulator.endpoint)))
  const slots = stack.use(
    await openFunctionSlots({
      zip,
      doors: kafka.doors,
      timeLimitSeconds: plan.timeLimitSeconds,
      isFrozenBetween: true,
      clock,
      rng,
    }),
  )
  const thawMs: number[] = []
  const failures: string[] = []
  const counts = { changes: 0, forgotten: 0, mostConnections: 0 }
  const batch = (round: number): readonly unknown[] => {
    counts.changes += writeSome(table, round)
    return shardEvents(table)
  }
  // The first ones are cold, and one after the other.
  for (const [index, event] of batch(0).entries()) await slots.slots[index]?.lambda.invoke(event)
  for (let round = 0; round < plan.rounds; round++) {
    for (const slot of slots.slots) counts.mostConnections = Math.max(counts.mostConnections, slot.door.connections)
    counts.forgotten += forget(slots.slots)
    await clock.sleep(plan.frozenMs)
    const events = batch(round + 1)
    await Promise.all(
      slots.slots.map(async ({ lambda }, index) => {
        const begunMs = clock.monotonic()
        const result = await lambda.invoke(events[index])
        if (result.kind === 'answer') thawMs.push(clock.monotonic() - begunMs)
        else failures.push(result.kind === 'error' ? `${result.errorType}: ${result.errorMessage}` : result.kind)
      }),
    )
  }
  const numbers = await deliveredSequences(kafka.directServers, 'shop.orders', counts.changes)
  const distinct = new Set(numbers).size
  return {
    ...counts,
    lost: counts.changes - distinct,
    duplicated: numbers.length - distinct,
    freezes: plan.rounds * plan.sandboxes,
    thawMs,
    failures,
  }
}

/** Nothing comes through any more of what is open now, in either direction, and nobody is told. */
function forget(slots: readonly FunctionSlot[]): number {
  let forgotten = 0
  for (const { door } of slots) {
    const last = door.accepted
    forgotten += door.connections
    for (const direction of ['upstream', 'downstream'] as const)
      door.add({ kind: 'black-hole', direction, whenConnection: ({ id }) => id <= last })
  }
  return forgotten
}

/** A few changes of every shard. */
function writeSome(table: SimulatedTable, round: number): number {
  const count = table.stream.openShards().length * 20
  for (let i = 0; i < count; i++) table.put({ id: { S: `item-${i}` }, n: { N: String(round) } })
  return count
}
