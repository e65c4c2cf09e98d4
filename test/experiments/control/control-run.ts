import { withDeadline } from '../../../src/async/clock.ts'
import { systemClock as clock } from '../../../src/async/system-clock.ts'
import type { AwsApi } from '../../../src/aws/aws.ts'
import { connectTo } from '../../servers/stream-simulator/simulator-client.ts'
import type { RunOutcome } from '../experiment.ts'
import { openFaultBook } from '../proxied/fault-book.ts'
import type { FaultBook } from '../proxied/fault-book.ts'
import { pipelineName, startGround } from '../proxied/ground.ts'
import type { Ground } from '../proxied/ground.ts'
import { judgeGround, untilDelivered } from '../proxied/judge-ground.ts'
import { shardsOf } from './stream-pages.ts'

/** A control at work on the same ground as tailrace: one loop for each shard. */
export interface ControlRun extends AsyncDisposable {
  readonly ground: Ground
  readonly book: FaultBook
  /** Heals, waits for the rest (not for long: a control may have lost it), stops the loops and judges. */
  finish(): Promise<RunOutcome>
}

/** One loop. Ends when the signal aborts. */
export type ControlLoop = (
  shard: { readonly api: AwsApi; readonly streamArn: string; readonly shardId: string; readonly topic: string } & {
    readonly bootstrapServers: string
    readonly positionsTopic: string
  },
  signal: AbortSignal,
) => Promise<void>

const drainMs = 20_000
const positionsTopic = `${pipelineName}.positions`

/** Starts ground and loops; shards do not change, for nothing in these loops would follow them. */
export async function startControlRun(
  options: { readonly seed: number; readonly openShards: number; readonly changesPerSecond: number },
  loop: ControlLoop,
): Promise<ControlRun> {
  await using stack = new AsyncDisposableStack()
  const ground = stack.use(await startGround({ ...options, tables: 1, reshardsPerMinute: 0 }))
  const setUp = new AbortController()
  for (const name of [...ground.topics.keys(), positionsTopic]) {
    await ground.direct.createTopic({ name, partitions: 3, replicationFactor: -1, config: {} }, setUp.signal)
  }
  const api = stack.use(connectTo(ground.simulator.endpoint))
  const end = new AbortController()
  const loops: Promise<void>[] = []
  const bootstrapServers = ground.kafka.doors[0]?.address ?? ''
  for (const { name, stream } of ground.writing.tables) {
    for (const shardId of await shardsOf(api, stream.arn, setUp.signal)) {
      const topic = `${pipelineName}.${name}`
      loops.push(loop({ api, streamArn: stream.arn, shardId, topic, bootstrapServers, positionsTopic }, end.signal))
    }
  }
  const running = Promise.allSettled(loops)
  const stop = async (): Promise<void> => {
    end.abort(new Error('the run is over'))
    // A loop whose client waits for an answer that never comes is left behind.
    await withDeadline(clock, 10_000, running, () => new Error('late')).catch(() => undefined)
  }
  stack.defer(stop)
  const book = openFaultBook(() => 'control')
  const started = stack.move()
  return {
    ground,
    book,
    finish: async () => {
      await ground.heal()
      await ground.writing.stop()
      const hangs = await untilDelivered(ground, drainMs)
      await stop()
      const header = 'attempt'
      const positions = {
        positionsTopic,
        positionOf: ({ key, value }: { readonly key: Buffer | null; readonly value: Buffer | null }) => {
          if (key === null || value === null) return undefined
          return { shardId: key.toString(), sequenceNumber: value.toString() }
        },
        transactionOf: ({ headers }: { readonly headers: readonly (readonly [string, Buffer | null])[] }) =>
          headers.find(([name]) => name === header)?.[1]?.toString(),
      }
      return judgeGround({ ground, book, positions, hangs, notes: [] })
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  }
}
