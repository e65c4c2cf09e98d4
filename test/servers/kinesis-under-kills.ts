import { randomUUID } from 'node:crypto'
import { seededRng } from '../../src/async/rng.ts'
import type { Rng } from '../../src/async/rng.ts'
import { systemRng } from '../../src/async/system-rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import type { AwsApi } from '../../src/aws/aws.ts'
import { retryForever } from '../../src/aws/retry-forever.ts'
import {
  createKinesisStream,
  listKinesisShards,
  mergeKinesisShards,
  putKinesisRecords,
  splitKinesisShard,
  updateKinesisShardCount,
} from './kinesis-commands.ts'
import type { KinesisPut } from './kinesis-commands.ts'
import { createKinesisHistory } from './kinesis-history.ts'
import type { KinesisHistory } from './kinesis-history.ts'
import type { KinesisUnderTest } from './local-kinesis.ts'
import { startKinesisUnderTest } from './local-kinesis.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { readRecords } from './whole-records.ts'
import { startWorkerFleet } from './worker-fleet.ts'

/** A run of real workers on a real Kinesis server and a real broker. */
export interface KinesisRunPlan {
  readonly bootstrapServers: string
  readonly changes: number
  readonly kills: number
  readonly reshards: number
  readonly workers: number
  readonly fanOut: boolean
  readonly seed: number
}

/** What came of it: nothing but the first four should be zero. */
export interface KinesisRunOutcome {
  readonly lost: number
  readonly duplicated: number
  readonly reordered: number
  readonly flagged: number
  readonly changes: number
  readonly repeats: number
  readonly delayed: number
  readonly shards: number
  readonly kills: number
}

/** Records that are put at once, and how many items they are of. */
const batch = 200
const items = 400
/** First changes wait for as long. What is delivered badly is within a small part of it: this machine may be slow, too. */
const delayMs = 10_000

/** Puts changes while shards are split and merged and workers are killed, and compares what was delivered with what was made. */
export async function runKinesisUnderKills(plan: KinesisRunPlan): Promise<KinesisRunOutcome> {
  const rng = seededRng(plan.seed)
  const pipeline = `kinesis-${randomUUID().slice(0, 8)}`
  await using kinesis = await startKinesisUnderTest()
  await using home = await temporaryFolder()
  await createKinesisStream(kinesis.api, 'changes', 4)
  const config = configOf(pipeline, kinesis.endpoint, plan)
  await using fleet = await startWorkerFleet({ directory: home.path, workers: plan.workers, config })
  const within = { duplicates: 0.05, disorder: 0.05, withinMs: 1_500 }
  const history = createKinesisHistory({ ...within, table: 'orders', items }, rng)
  const put = putting(plan, history, kinesis)
  let kills = 0
  const killing = async (): Promise<void> => {
    for (; kills < plan.kills; kills++) {
      await put.untilMade(((kills + 1) * plan.changes) / (plan.kills + 1))
      await fleet.killAndReplace(Math.floor(rng.next() * fleet.size), rng.next() * 500)
    }
  }
  const resharding = async (): Promise<void> => {
    for (let reshard = 0; reshard < plan.reshards; reshard++) {
      await put.untilMade(((reshard + 0.5) * plan.changes) / plan.reshards)
      await changeShards(kinesis, reshard, rng)
    }
  }
  await Promise.all([put.all(), killing(), resharding()])
  const read = (): Promise<Judged> => judge(plan.bootstrapServers, `${pipeline}.orders`, history)
  let judged = await read()
  for (let wait = 0; judged.lost > 0 && wait < 120; wait++) {
    await systemClock.sleep(1_000)
    judged = await read()
  }
  // Whatever is delivered twice may come late.
  await systemClock.sleep(delayMs + 2_000)
  judged = await read()
  await fleet.stopAll()
  const { repeats, delayed } = history
  const shards = (await listKinesisShards(kinesis.api, 'changes')).length
  return { ...judged, changes: plan.changes, repeats, delayed, shards, kills }
}

function configOf(pipeline: string, endpoint: string, { bootstrapServers, fanOut }: KinesisRunPlan): string {
  return `
pipeline: ${pipeline}
lanes: 6
source:
  type: kinesis
  region: eu-central-1
  kinesis:
    stream: changes
    endpoint: "${endpoint}"
    repair: {window.ms: 60000, delay.ms: ${delayMs}}
    ${fanOut ? 'fan.out: true' : ''}
kafka.bootstrap.servers: ${bootstrapServers}
topic.partitions: 3
`
}

interface Putting {
  all(): Promise<void>
  /** Also resolves when there will not be so many any more, since putting has failed. */
  untilMade(changes: number): Promise<void>
}

function putting(plan: KinesisRunPlan, history: KinesisHistory, { api }: KinesisUnderTest): Putting {
  let made = 0
  let isOver = false
  const all = async (): Promise<void> => {
    while (made < plan.changes) {
      const count = Math.min(batch, plan.changes - made)
      await putPatiently(api, history.next(count, Math.floor(systemClock.now())))
      made += count
      await systemClock.sleep(20)
    }
    await systemClock.sleep(1_000)
    await putPatiently(api, history.rest())
  }
  return {
    all: () =>
      all().finally(() => {
        isOver = true
      }),
    untilMade: async (changes) => {
      while (!isOver && made < Math.min(changes, plan.changes)) await systemClock.sleep(50)
    },
  }
}

/** As DynamoDB does: what was not answered is put again, and then stands in the stream twice. */
async function putPatiently(api: AwsApi, records: readonly KinesisPut[]): Promise<void> {
  const retry = { policy: { baseMs: 200, capMs: 2_000 }, clock: systemClock, rng: systemRng }
  await retryForever(retry, () => putKinesisRecords(api, 'changes', records), AbortSignal.timeout(120_000))
}

/** In turn: a split, a merge of neighbours, and a change of the count, which makes shards that live for a moment. */
async function changeShards({ api }: KinesisUnderTest, turn: number, rng: Rng): Promise<void> {
  const open = (await listKinesisShards(api, 'changes'))
    .filter(({ endingSequenceNumber }) => endingSequenceNumber === undefined)
    .toSorted((a, b) => (BigInt(a.startingHashKey) < BigInt(b.startingHashKey) ? -1 : 1))
  const at = Math.floor(rng.next() * (open.length - 1))
  const [one, two] = [open[at], open[at + 1]]
  if (one === undefined) return
  if (turn % 3 === 0) await splitKinesisShard(api, 'changes', one.shardId)
  else if (turn % 3 === 1 && two !== undefined) await mergeKinesisShards(api, 'changes', one.shardId, two.shardId)
  else await updateKinesisShardCount(api, 'changes', open.length > 5 ? 3 : 6)
}

type Judged = Pick<KinesisRunOutcome, 'lost' | 'duplicated' | 'reordered' | 'flagged'>

async function judge(bootstrapServers: string, topic: string, { versions }: KinesisHistory): Promise<Judged> {
  const seen = new Map<string, number[]>()
  let flagged = 0
  for (const { value, headers } of await readRecords(bootstrapServers, topic)) {
    if (headers.some(([name]) => name === 'tailrace.late')) flagged++
    const { after } = JSON.parse(String(value)) as { readonly after: { readonly id: string; readonly n: number } }
    const known = seen.get(after.id) ?? []
    known.push(after.n)
    seen.set(after.id, known)
  }
  let [lost, duplicated, reordered] = [0, 0, 0]
  for (const [item, newest] of versions) {
    const delivered = seen.get(item) ?? []
    const distinct = new Set(delivered)
    lost += newest - distinct.size
    duplicated += delivered.length - distinct.size
    reordered += delivered.filter((version, at) => version < (delivered[at - 1] ?? 0)).length
  }
  return { lost, duplicated, reordered, flagged }
}
