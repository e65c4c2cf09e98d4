import { systemClock as clock } from '../../../src/async/system-clock.ts'
import { apiKeys } from '../../faults/kafka-apis.ts'
import type { Experiment } from '../experiment.ts'
import { startTailraceRun } from './tailrace-run.ts'

const strikes = 70
/** So many in a row; then the pipeline is left alone until it has caught up. */
const burst = 10

/** E15: the records are in the log, and whoever sent them never hears it. */
export const lostAcknowledgement: Experiment = {
  id: 'E15',
  title: 'The broker appends records, and its answer to Produce is lost',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 1_000, faults: { 'lost-acknowledgement': 60 } },
  target: { faults: { 'lost-acknowledgement': 2_000 } },
  run: async (seed, signal) => {
    await using run = await startTailraceRun({
      seed,
      signal,
      workers: 2,
      lanes: 8,
      openShards: 6,
      requestTimeoutMs: 500,
    })
    const { ground, book } = run
    const [proxy] = ground.kafka.doors
    for (let strike = 0; strike < strikes && proxy !== undefined; strike++) {
      signal.throwIfAborted()
      const afterwards = ground.rng.next() < 0.5 ? 'close' : 'black-hole'
      const lost = proxy.add({ kind: 'drop-response', apiKey: apiKeys.Produce, afterwards, count: 1 })
      await lost.whenStruck()
      book.struck('lost-acknowledgement')
      await lost.remove()
      await clock.sleep(ground.rng.next() * 300)
      if (strike % burst !== burst - 1) continue
      book.ended()
      await ground.watch.untilCaughtUp(30_000)
    }
    return await run.finish()
  },
}
