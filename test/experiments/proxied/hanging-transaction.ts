import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { withDeadline } from '../../../src/async/clock.ts'
import { systemClock as clock } from '../../../src/async/system-clock.ts'
import { temporaryFolder } from '../../servers/temporary-folder.ts'
import type { Experiment } from '../experiment.ts'
import { openFaultBook } from './fault-book.ts'
import { startGround } from './ground.ts'
import type { Ground } from './ground.ts'
import { parseRunConfig, runConfigText } from './run-config.ts'
import { finishRun } from './tailrace-run.ts'
import { tendWorkers } from './tended-workers.ts'

const deaths = 12
const transactionTimeoutMs = 2_000
/** How often the broker looks for transactions that are too old. Milliseconds. */
const cleanUpMs = 500
const slackMs = 1_500
const lanes = 3

/** E23: the only worker dies with an open transaction, and nobody takes its lanes over. */
export const hangingTransaction: Experiment = {
  id: 'E23',
  title: 'The only worker is killed with an open transaction, and readers wait until it times out',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 500, faults: { 'hanging-transaction': deaths } },
  target: { faults: { 'hanging-transaction': 200 } },
  run: async (seed, signal) => {
    await using ground = await startGround({
      seed,
      changesPerSecond: 60,
      brokerProperties: { 'transaction.abort.timed.out.transaction.cleanup.interval.ms': String(cleanUpMs) },
    })
    await using folder = await temporaryFolder()
    const file = path.join(folder.path, 'pipeline.yaml')
    const text = runConfigText(ground, { lanes, transactionTimeoutMs })
    await writeFile(file, text)
    const config = parseRunConfig(text)
    const book = openFaultBook(() => 'transaction-open')
    const waits: number[] = []
    const hangs: string[] = []
    for (let life = 0; waits.length < deaths && life < deaths * 3; life++) {
      signal.throwIfAborted()
      const isReached = await dieOpen(file, { times: 1 + Math.floor(ground.rng.next() * 8), seed: seed * 100 + life })
      if (!isReached) throw new Error('a worker did not reach its crash point')
      const waitedMs = await untilStable(ground, [...ground.topics.keys(), config.ledger.topic])
      if (waitedMs === undefined) continue
      waits.push(waitedMs)
      book.struck('hanging-transaction')
      if (waitedMs > transactionTimeoutMs + cleanUpMs + slackMs)
        hangs.push(`readers waited ${waitedMs} ms for a dead worker's transaction`)
    }
    const [door] = ground.kafka.doors
    const settings = { config, bootstrapServers: door?.address ?? '', awsEndpoint: `http://${ground.aws.address}` }
    const times = { requestTimeoutMs: 3_000, sessionTimeoutMs: 2_500 }
    await using workers = tendWorkers([{ ...settings, ...times }], seed)
    book.ended()
    const longest = Math.round(Math.max(...waits))
    return await finishRun({ ground, config, workers, book }, { hangs, notes: [`the longest wait was ${longest} ms`] })
  },
}

/** One life of a worker that ends behind the first batch of some transaction. False if it did not end by itself. */
async function dieOpen(
  file: string,
  { times, seed }: { readonly times: number; readonly seed: number },
): Promise<boolean> {
  const point = 'produce.progress.after'
  const words = [file, point, String(times), String(seed)]
  const child = fork(path.join(import.meta.dirname, 'dying-worker.ts'), words, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit')
  try {
    await withDeadline(clock, 40_000, ended, () => new Error('late'))
    return child.signalCode === 'SIGKILL'
  } catch {
    child.kill('SIGKILL')
    await ended
    return false
  }
}

/**
 * Milliseconds until the last stable offset of every partition was what its high watermark is now; undefined if nothing
 * was open.
 */
async function untilStable({ direct, topics }: Ground, names: readonly string[]): Promise<number | undefined> {
  const { signal } = new AbortController()
  const since = clock.monotonic()
  const marks: { readonly topic: string; readonly partition: number; readonly highWatermark: bigint }[] = []
  for (const [topic, { partitions }] of await direct.topics(names, signal)) {
    for (let partition = 0; partition < partitions; partition++) {
      const { highWatermark, lastStable } = await direct.offsets(topic, partition, signal)
      if (lastStable < highWatermark) marks.push({ topic, partition, highWatermark })
    }
  }
  if (!marks.some(({ topic }) => topics.has(topic))) return undefined
  for (const { topic, partition, highWatermark } of marks) {
    while ((await direct.offsets(topic, partition, signal)).lastStable < highWatermark) {
      if (clock.monotonic() - since > 60_000) return clock.monotonic() - since
      await clock.sleep(50)
    }
  }
  return clock.monotonic() - since
}
