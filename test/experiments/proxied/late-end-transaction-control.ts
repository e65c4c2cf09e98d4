import { runTransactionalLoop } from '../control/transactional-loop.ts'
import { startControlRun } from '../control/control-run.ts'
import type { Experiment } from '../experiment.ts'
import { strikeOften } from './late-end-transaction.ts'
import type { StrayOptions } from './late-end-transaction.ts'

const requestTimeoutMs = 400
const strikes = 40

/** E16's control: the same strays against a client that speaks the older protocol and repeats EndTxn by itself. */
export const lateEndTransactionControl: Experiment = {
  id: 'E16-control',
  title: 'EndTxn arrives late or twice, in the middle of the next transaction of a loop with a transactional producer',
  tier: 'K',
  arm: 'control',
  minimum: { records: 200, faults: { 'stray-end-transaction': 20 } },
  target: { faults: { 'stray-end-transaction': 200 } },
  run: async (seed, signal) => {
    await using run = await startControlRun({ seed, openShards: 6, changesPerSecond: 60 }, (shard, live) =>
      runTransactionalLoop({ ...shard, requestTimeoutMs }, live),
    )
    const { ground, book } = run
    const [proxy] = ground.kafka.doors
    if (proxy === undefined) throw new Error('the broker has no door')
    const ids = ground.writing.tables.flatMap(({ stream }) =>
      stream.openShards().map(({ shardId }) => `control.${shardId}`),
    )
    const options: StrayOptions = {
      proxy,
      kinds: ['delay-request', 'duplicate-request'],
      book,
      rng: ground.rng,
      signal,
      codes: new Map<string, number>(),
      budget: { left: strikes },
    }
    await Promise.all(ids.map((id) => strikeOften(options, id)))
    return await run.finish()
  },
}
