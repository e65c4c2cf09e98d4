import { expect, test } from 'vitest'
import { appendFileSync } from 'node:fs'
import { systemClock as clock } from '../../src/async/system-clock.ts'
import { systemRng as rng } from '../../src/async/system-rng.ts'
import { startLocalKafka } from '../../src/hosts/demo/local-kafka.ts'
import type { KafkaApi } from '../../src/kafka/kafka.ts'
import { createMarkerReader } from '../../src/kafka/marker-reader.ts'
import { createTransactionSessions } from '../../src/kafka/transaction-sessions.ts'
import { connectKafka, makeTopic } from '../servers/connected-kafka.ts'
import { textRecord } from '../servers/raw-producer.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
const { signal } = new AbortController()
const total = 20_000,
  perTransaction = 50
const out = '/tmp/kafka-lib/kill/log.txt'
const log = (s: string) => appendFileSync(out, `${performance.now().toFixed(0)} ${s}\n`)
async function writeOn(
  kafka: KafkaApi,
  output: string,
  ledger: string,
  onProgress: (written: number) => void,
): Promise<void> {
  const sessions = createTransactionSessions({ kafka, clock, rng, delivery: 'exactly_once' })
  const traced = {
    ...kafka,
    initProducerId: async (r: any, s: any) => {
      const i = await kafka.initProducerId(r, s)
      log(`init -> ${i.producerId}/${i.producerEpoch}`)
      return i
    },
  }
  const session = await createTransactionSessions({ kafka: traced as any, clock, rng, delivery: 'exactly_once' }).open(
    `${ledger}.0`,
    signal,
  )
  const { highWatermark } = await kafka.offsets(ledger, 0, signal)
  const positions = await createMarkerReader({ kafka, topic: ledger, partition: 0 }).readTo(highWatermark, signal)
  log(`hw ${highWatermark} position ${positions.at(-1)?.value} @${positions.at(-1)?.offset} of ${positions.length}`)
  for (let next = Number(positions.at(-1)?.value ?? 0); next < total; next += perTransaction) {
    const records = [...Array(perTransaction).keys()].map((n) => textRecord(output, (next + n) % 2, `key-${next + n}`))
    try {
      await session.commit([records, [textRecord(ledger, 0, 'at', String(next + perTransaction))]], signal)
    } catch (e) {
      log(`failed at ${next}: ${String(e).slice(0, 100)}`)
      throw e
    }
    onProgress(next + perTransaction)
  }
}
test.each([1, 2, 3, 4, 5, 6])('kill', async () => {
  await using folder = await temporaryFolder()
  await using server = await startLocalKafka({ directory: folder.path })
  await using kafka = connectKafka(server.bootstrapServers, { requestTimeoutMs: 5000 })
  const output = await makeTopic(kafka, 2)
  const ledger = await makeTopic(kafka, 1, { 'cleanup.policy': 'compact' })
  log('--- start')
  const killAt = [...Array(12).keys()].map((i) => (i + 1) * 1500)
  let restarting: Promise<void> | undefined
  const killSoon = async (): Promise<void> => {
    await clock.sleep(3)
    log('kill')
    await server.kill()
    log('killed')
    await server.restart()
    log('restarted')
  }
  const onProgress = (written: number): void => {
    if (written < (killAt[0] ?? Infinity)) return
    killAt.shift()
    restarting = killSoon()
  }
  for (let isDone = false; !isDone;) {
    isDone = await writeOn(kafka, output, ledger, onProgress).then(
      () => true,
      async (error: unknown) => {
        if (!String(error).includes('Session')) log('open failed ' + String(error).slice(0, 150))
        await clock.sleep(50)
        return false
      },
    )
  }
  await restarting
  const dump = async (topic: string, partition: number) => {
    const { highWatermark } = await kafka.offsets(topic, partition, signal)
    const lines: any[] = []
    for (let offset = 0n; offset < highWatermark;) {
      const f = await kafka.fetch(
        { topic, partition, offset, maxBytes: 1e6, maxWaitMs: 10, isolation: 'read_uncommitted' },
        signal,
      )
      for (const b of f.batches) {
        lines.push({
          o: b.baseOffset,
          p: b.producerId,
          m: b.marker,
          k: b.records.map((r) => r.key + '' + (topic === ledger ? r.value : '')),
        })
        offset = b.nextOffset
      }
    }
    return lines
  }
  let bad = false
  for (const p of [0, 1]) {
    const lines = await dump(output, p)
    const open = new Map<bigint, string[]>()
    const seen = new Map<string, bigint>()
    for (const l of lines) {
      if (l.m) {
        if (l.m === 'commit')
          for (const k of open.get(l.p) ?? []) {
            if (seen.has(k)) {
              bad = true
              log(`dup ${output}-${p} ${k} commits at ${seen.get(k)} and ${l.o}`)
            }
            seen.set(k, l.o)
          }
        open.delete(l.p)
      } else open.set(l.p, [...(open.get(l.p) ?? []), ...l.k])
    }
  }
  if (bad) {
    for (const [t, p] of [
      [output, 0],
      [output, 1],
      [ledger, 0],
    ] as const)
      for (const l of await dump(t, p))
        log(`${t === ledger ? 'L' : 'O' + p} ${l.o} pid ${l.p} ${l.m ?? ''} ${l.k[0] ?? ''} (${l.k.length})`)
  }
  log('done bad=' + bad)
  expect(bad).toBe(false)
})
