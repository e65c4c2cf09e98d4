import { systemClock as clock } from '../../../src/async/system-clock.ts'
import { apiKeys } from '../../faults/kafka-apis.ts'
import { startControlRun } from '../control/control-run.ts'
import { runPlainLoop } from '../control/plain-loop.ts'
import type { Experiment } from '../experiment.ts'

const strikes = 40
const requestTimeoutMs = 500

/** E15's control: a producer with default settings sends again what is in the log already. */
export const lostAcknowledgementControl: Experiment = {
  id: 'E15-control',
  title: 'The broker appends records, and its answer to a loop with a plain producer is lost',
  tier: 'K',
  arm: 'control',
  minimum: { records: 300, faults: { 'lost-acknowledgement': strikes } },
  target: { faults: { 'lost-acknowledgement': 200 } },
  run: async (seed, signal) => {
    await using run = await startControlRun({ seed, openShards: 4, changesPerSecond: 80 }, (shard, live) =>
      runPlainLoop({ ...shard, requestTimeoutMs }, live),
    )
    const { ground, book } = run
    const [proxy] = ground.kafka.doors
    for (let strike = 0; strike < strikes && proxy !== undefined; strike++) {
      signal.throwIfAborted()
      const afterwards = ground.rng.next() < 0.5 ? 'close' : 'black-hole'
      await using lost = proxy.add({ kind: 'drop-response', apiKey: apiKeys.Produce, afterwards, count: 1 })
      await lost.whenStruck()
      book.struck('lost-acknowledgement')
      await clock.sleep(ground.rng.next() * 300)
    }
    book.ended()
    return await run.finish()
  },
}
