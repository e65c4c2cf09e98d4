import { randomUUID } from 'node:crypto'
import { mapBounded } from '../../src/async/map-bounded.ts'
import type { AwsApi } from '../../src/aws/aws.ts'
import type { AttributeValue, Item } from '../../src/change/attribute-value.ts'
import type { StreamViewType } from '../../src/change/table.ts'
import { connectTo } from './stream-simulator/simulator-client.ts'

/** A table of its own in DynamoDB Local, with the text `id` as its key and a stream of both images. */
export interface LocalTable extends AsyncDisposable {
  readonly name: string
  put(item: Item): Promise<void>
  delete(id: string): Promise<void>
  /** Writes many items, without an order. */
  putAll(items: readonly Item[]): Promise<void>
  /** For a table that was made without one: what was written before is not in it. */
  enableStream(): Promise<void>
  /** What is written from now on is in no stream; enabling makes a new one. */
  disableStream(): Promise<void>
  /** Disposing does not mind. */
  drop(): Promise<void>
  /** What it holds now, by key. */
  contents(): Promise<ReadonlyMap<string, Item>>
}

/** Makes the table; disposing deletes it. */
export async function createLocalTable(
  endpoint: string,
  options: { readonly hasStream: boolean; readonly viewType?: StreamViewType } = { hasStream: true },
): Promise<LocalTable> {
  const api = connectTo(endpoint)
  const name = `table-${randomUUID().slice(0, 8)}`
  const call = (action: string, body: Readonly<Record<string, unknown>>): Promise<unknown> =>
    api.call({ service: 'dynamodb', action, body: { TableName: name, ...body } }, AbortSignal.timeout(30_000))
  await call('CreateTable', {
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    BillingMode: 'PAY_PER_REQUEST',
    ...(options.hasStream ? { StreamSpecification: streamOf(options.viewType) } : {}),
  })
  let isDropped = false
  return {
    name,
    put: async (item) => void (await call('PutItem', { Item: item })),
    delete: async (id) => void (await call('DeleteItem', { Key: { id: { S: id } } })),
    putAll: (items) => putAll(api, name, items),
    enableStream: async () => void (await call('UpdateTable', { StreamSpecification: streamOf(options.viewType) })),
    disableStream: async () => void (await call('UpdateTable', { StreamSpecification: { StreamEnabled: false } })),
    drop: async () => {
      isDropped = true
      await call('DeleteTable', {})
    },
    contents: async () => {
      const contents = new Map<string, Item>()
      for (let start: unknown; ;) {
        const page = await call('Scan', {
          ConsistentRead: true,
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        })
        const { Items: items, LastEvaluatedKey: last } = page as { Items: readonly Item[]; LastEvaluatedKey?: unknown }
        for (const item of items) contents.set(textOf(item['id']), item)
        if (last === undefined) return contents
        start = last
      }
    },
    [Symbol.asyncDispose]: async () => {
      if (!isDropped) await call('DeleteTable', {})
      await api[Symbol.asyncDispose]()
    },
  }
}

function streamOf(StreamViewType: StreamViewType = 'NEW_AND_OLD_IMAGES'): Readonly<Record<string, unknown>> {
  return { StreamEnabled: true, StreamViewType }
}

const itemsAtOnce = 25

async function putAll(api: AwsApi, table: string, items: readonly Item[]): Promise<void> {
  const batches = Array.from({ length: Math.ceil(items.length / itemsAtOnce) }, (_, index) =>
    items.slice(index * itemsAtOnce, (index + 1) * itemsAtOnce),
  )
  await mapBounded(batches, 4, async (batch) => {
    const requests = batch.map((item) => ({ PutRequest: { Item: item } }))
    const body = { RequestItems: { [table]: requests } }
    await api.call({ service: 'dynamodb', action: 'BatchWriteItem', body }, AbortSignal.timeout(30_000))
  })
}

function textOf(value: AttributeValue | undefined): string {
  return value !== undefined && 'S' in value ? value.S : ''
}
