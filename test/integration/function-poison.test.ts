import { randomUUID } from 'node:crypto'
import { expect, inject, it } from 'vitest'
import { deliveredSequences } from '../experiments/functions/delivered-sequences.ts'
import { packFunction } from '../experiments/functions/packed-function.ts'
import { functionPipelineText, shardEvents } from '../experiments/functions/shard-events.ts'
import { readTransactions } from '../experiments/real/read-raw-log.ts'
import { connectKafka } from '../servers/connected-kafka.ts'
import type { InvokeResult } from '../servers/event-source-mapping/mapping.ts'
import { createLambdaFunction } from '../servers/lambda-runtime/lambda-function.ts'
import type { LambdaFunction } from '../servers/lambda-runtime/lambda-function.ts'
import type { SimulatedTable } from '../servers/stream-simulator/simulated-table.ts'
import { startStreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'
import { readRecords } from '../servers/whole-records.ts'

const { bootstrapServers } = inject('kafka')
/** A type that DynamoDB may have one day. */
const novel = { id: { S: 'novel' }, secret: JSON.parse('{"NOVEL":"canary"}') }

it('a packed function writes a dead letter in the transaction of what is around it', async () => {
  await using shop = await openShop('errors.tolerance: all')
  const { poison } = writeAround(shop.table)
  expect(await shop.deliver()).toMatchObject({ kind: 'answer' })
  expect(await shop.lambda.kill()).toBe(true)
  expect(await shop.deliver()).toMatchObject({ kind: 'answer' })
  expect(await shop.numbers(10)).toEqual([0, 1, 2, 3, 4, 6, 7, 8, 9, 10])
  const dead = `tailrace.${shop.pipeline}.dead-letters`
  expect(await deliveredSequences(bootstrapServers, dead, 1)).toEqual([poison])
  await using kafka = connectKafka(bootstrapServers)
  const ledger = `tailrace.${shop.pipeline}.ledger`
  const signal = AbortSignal.timeout(20_000)
  const transactions = await readTransactions(kafka, [shop.topic, dead, ledger], ledger, signal)
  const whole = transactions.filter(({ records }) => records.length > 0)
  expect(whole).toHaveLength(1)
  expect(whole[0]?.outcome).toBe('commit')
  expect(new Set(whole[0]?.records.map(({ place }) => place.topic))).toEqual(new Set([shop.topic, dead]))
  expect(whole[0]?.positions).toHaveLength(1)
})

it('without dead letters, a packed function commits what is in front and names the position of what cannot pass', async () => {
  await using shop = await openShop('errors.tolerance: none')
  const { poison } = writeAround(shop.table)
  for (let attempt = 0; attempt < 3; attempt++) {
    const result = await shop.deliver()
    const { errorType, errorMessage } = { errorType: '', errorMessage: '', ...result }
    expect(errorType).toMatch(/^[A-Z_]+$/)
    expect(errorMessage).toContain(`[${errorType}]`)
    expect(errorMessage).toContain(poison)
    expect(errorMessage).not.toContain('canary')
    expect(await shop.numbers(5)).toEqual([0, 1, 2, 3, 4])
  }
  // Whoever has mended the cause gets the rest.
  expect(await shop.deliver((text) => text.replaceAll('NOVEL', 'S'))).toMatchObject({ kind: 'answer' })
  expect(await shop.numbers(11)).toEqual([0, 1, 2, 3, 4, undefined, 6, 7, 8, 9, 10])
})

interface PoisonedShop extends AsyncDisposable {
  readonly pipeline: string
  readonly topic: string
  readonly table: SimulatedTable
  readonly lambda: LambdaFunction
  /** Everything that is in the table's only shard. */
  deliver(mend?: (text: string) => string): Promise<InvokeResult>
  /** Of the delivered records, in their order, once there are so many. */
  numbers(expected: number): Promise<readonly (number | undefined)[]>
}

async function openShop(more: string): Promise<PoisonedShop> {
  await using stack = new AsyncDisposableStack()
  const pipeline = `poison-${randomUUID().slice(0, 8)}`
  const simulator = stack.use(await startStreamSimulator())
  const keySchema = [{ name: 'id', type: 'S' }] as const
  const table = simulator.createTable({ name: 'orders', keySchema, viewType: 'NEW_AND_OLD_IMAGES' })
  const text = functionPipelineText(simulator.endpoint, { pipeline, more })
  const { zip } = stack.use(await packFunction(text.replace('topic.partitions: 4', 'topic.partitions: 1')))
  const env = { KAFKA_BROKERS: bootstrapServers, AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'local' }
  const lambda = stack.use(await createLambdaFunction({ code: zip, env, timeLimitSeconds: 20 }))
  const topic = `${pipeline}.orders`
  const owned = stack.move()
  return {
    pipeline,
    topic,
    table,
    lambda,
    deliver: (mend = (same) => same) => lambda.invoke(JSON.parse(mend(JSON.stringify(shardEvents(table)[0])))),
    numbers: async (expected) => {
      await deliveredSequences(bootstrapServers, topic, expected)
      return (await readRecords(bootstrapServers, topic)).map(({ value }) => {
        const { after } = JSON.parse(String(value)) as { readonly after: { readonly n?: number } }
        return after.n
      })
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Ten changes, and one in the middle that cannot be decoded; its sequence number. */
function writeAround(table: SimulatedTable): { readonly poison: string } {
  const put = (n: number): void => void table.put({ id: { S: `item-${n}` }, n: { N: String(n) } })
  for (let n = 0; n < 5; n++) put(n)
  const poison = table.put(novel)?.sequenceNumber ?? ''
  for (let n = 6; n < 11; n++) put(n)
  return { poison }
}
