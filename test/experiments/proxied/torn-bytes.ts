import { systemClock as clock } from '../../../src/async/system-clock.ts'
import type { FaultProxy } from '../../faults/fault-proxy.ts'
import { apiKeys } from '../../faults/kafka-apis.ts'
import type { Experiment } from '../experiment.ts'
import { isStruckWithin } from './struck-within.ts'
import { startTailraceRun } from './tailrace-run.ts'
import type { TailraceRun } from './tailrace-run.ts'

/** So many answers a run are cut in the middle, each of which ends its connection. */
const cuts = 220
/** So many in a row; then the pipeline is left alone until it has caught up. */
const burst = 22
const silences = 3
const recoveryMs = 45_000

/**
 * Answers that are cut, and up to which byte: somewhat more than the usual length, so that the cut after the last byte
 * is among them. Those in front come more often.
 */
const answers: readonly (readonly [apiKey: number, bytes: number])[] = [
  [apiKeys.Produce, 160],
  [apiKeys.Fetch, 4_096],
  [apiKeys.EndTxn, 40],
  [apiKeys.Fetch, 160],
  [apiKeys.ApiVersions, 900],
  [apiKeys.InitProducerId, 40],
  [apiKeys.ListOffsets, 100],
  [apiKeys.Metadata, 600],
  [apiKeys.Heartbeat, 24],
  [apiKeys.FindCoordinator, 100],
  [apiKeys.JoinGroup, 400],
  [apiKeys.SyncGroup, 100],
]

/** E18: answers in crumbs, connections that end at every byte, and a broker that falls silent. */
export const tornBytes: Experiment = {
  id: 'E18',
  title:
    'Everything arrives in pieces of 1 to 64 bytes; answers break off at any of their first 4,096 bytes, or never come',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 1_500, faults: { 'answer-cut': 200, silence: silences } },
  target: { faults: { 'answer-cut': 10_000, silence: 100 } },
  run: async (seed, signal) => {
    await using run = await startTailraceRun({ seed, signal, workers: 3, lanes: 8, requestTimeoutMs: 2_000 })
    const { ground, book } = run
    const [proxy] = ground.kafka.doors
    if (proxy === undefined) throw new Error('the broker has no door')
    for (const direction of ['upstream', 'downstream'] as const) {
      proxy.add({ kind: 'slicer', direction, minBytes: 1, maxBytes: 64 })
    }
    const hangs: string[] = []
    let cut = 0
    for (let round = 0; cut < cuts && round < cuts / 5; round++) {
      signal.throwIfAborted()
      cut += await cutAnswers(run, proxy, cut)
      if (round % 4 === 1) await fallSilent(run, proxy)
      book.ended()
      if (!(await ground.watch.untilCaughtUp(recoveryMs)))
        hangs.push(`lag was not below 5 s ${recoveryMs} ms after cuts`)
    }
    return await run.finish({ hangs })
  },
}

/** A burst of answers that break off; the number of those that there were. The runs together meet all bytes. */
async function cutAnswers({ ground, book }: TailraceRun, proxy: FaultProxy, from: number): Promise<number> {
  const { rng, seed } = ground
  let struck = 0
  for (let cut = from; cut < from + burst; cut++) {
    const [apiKey, length] = answers[Math.floor(rng.next() ** 1.5 * answers.length)] ?? [apiKeys.Fetch, 1]
    const bytes = (seed * cuts + cut) % length
    const ending = rng.next() < 0.5 ? 'reset' : 'close'
    await using toxic = proxy.add({ kind: 'close-mid-frame', apiKey, bytes, ending, count: 1 })
    if (!(await isStruckWithin(toxic, 3_000))) continue
    book.struck('answer-cut')
    struck++
  }
  return struck
}

/** The broker's side of every connection says nothing for longer than a request may take, and then they end. */
async function fallSilent({ book }: TailraceRun, proxy: FaultProxy): Promise<void> {
  const { accepted } = proxy
  const whenConnection = ({ id }: { readonly id: number }): boolean => id <= accepted
  await using _ = proxy.add({ kind: 'black-hole', direction: 'downstream', whenConnection })
  book.struck('silence')
  await clock.sleep(4_000)
}
