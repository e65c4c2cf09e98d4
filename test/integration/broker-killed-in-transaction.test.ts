import { expect, test } from 'vitest'
import { systemClock as clock } from '../../src/async/system-clock.ts'
import { systemRng as rng } from '../../src/async/system-rng.ts'
import { startLocalKafka } from '../../src/hosts/demo/local-kafka.ts'
import type { KafkaApi } from '../../src/kafka/kafka.ts'
import { createMarkerReader } from '../../src/kafka/marker-reader.ts'
import { createTransactionSessions } from '../../src/kafka/transaction-sessions.ts'
import { createWireGroupMembership } from '../../src/kafka/wire-group-membership.ts'
import { connectKafka, makeTopic } from '../servers/connected-kafka.ts'
import { createJavaReader } from '../servers/java-reader.ts'
import { kafkaToKill } from '../servers/kafka-to-kill.ts'
import { textRecord } from '../servers/raw-producer.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'

const { signal } = new AbortController()
const total = 20_000
const perTransaction = 50

/** Fence, read the position by markers, go on from it; until a failure throws the session away, or all is written. */
async function writeOn(
  kafka: KafkaApi,
  output: string,
  ledger: string,
  onProgress: (written: number) => void,
): Promise<void> {
  const sessions = createTransactionSessions({ kafka, clock, rng, delivery: 'exactly_once' })
  const session = await sessions.open(`${ledger}.0`, signal)
  const { highWatermark } = await kafka.offsets(ledger, 0, signal)
  const positions = await createMarkerReader({ kafka, topic: ledger, partition: 0 }).readTo(highWatermark, signal)
  for (let next = Number(positions.at(-1)?.value ?? 0); next < total; next += perTransaction) {
    const records = [...Array(perTransaction).keys()].map((n) => textRecord(output, (next + n) % 2, `key-${next + n}`))
    await session.commit([records, [textRecord(ledger, 0, 'at', String(next + perTransaction))]], signal)
    onProgress(next + perTransaction)
  }
}

test('a broker killed three times amid transactions: sessions die, successors go on, nothing is lost or doubled', async () => {
  await using folder = await temporaryFolder()
  await using server = await startLocalKafka({ directory: folder.path, artifacts: kafkaToKill })
  await using kafka = connectKafka(server.bootstrapServers, { requestTimeoutMs: 5000 })
  const output = await makeTopic(kafka, 2)
  const ledger = await makeTopic(kafka, 1, { 'cleanup.policy': 'compact' })
  await using membership = createWireGroupMembership({
    connection: { brokers: [server.bootstrapServers] },
    clock,
    rng,
    group: ledger,
    topic: ledger,
  })
  const watch = membership.assignments(signal)[Symbol.asyncIterator]()
  expect((await watch.next()).value).toMatchObject({ partitions: [0] })

  const killAt = [0.25, 0.5, 0.75].map((share) => share * total)
  const failures: unknown[] = []
  let restarting: Promise<void> | undefined
  const killSoon = async (): Promise<void> => {
    // Not at once: amid one of the next transactions.
    await clock.sleep(8 * rng.next())
    await server.kill()
    await server.restart()
  }
  const onProgress = (written: number): void => {
    if (written < (killAt[0] ?? Number.POSITIVE_INFINITY)) return
    killAt.shift()
    restarting = killSoon()
  }
  for (let isDone = false; !isDone;) {
    isDone = await writeOn(kafka, output, ledger, onProgress).then(
      () => true,
      async (error: unknown) => {
        failures.push(error)
        await clock.sleep(50)
        return false
      },
    )
  }
  await restarting

  expect(failures.length).toBeGreaterThanOrEqual(3)
  const java = await createJavaReader(server.bootstrapServers)
  const keys = (await java.readCompact(output, [])).map(([, , key]) => Buffer.from(key ?? '', 'base64').toString())
  expect(keys.length).toBe(total)
  expect(new Set(keys).size).toBe(total)
  expect(membership.owns(0)).toBe(true)
})
