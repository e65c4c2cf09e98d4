import { z } from 'zod'
import type { Item } from '../../change/attribute-value.ts'
import { AwsServiceError } from '../../aws/aws.ts'
import type { AwsApi } from '../../aws/aws.ts'
import { createCredentialsCache } from '../../aws/credentials.ts'
import { createAwsApi } from '../../aws/signed-request.ts'
import type { Clock } from '../../async/clock.ts'
import { TailraceError } from '../../errors.ts'

/** The demo's table. */
export const shopTable = 'orders'

/** Any region will do: DynamoDB Local keeps one set of tables for all. */
export const shopRegion = 'eu-west-1'

/** The table `orders` of one DynamoDB. Each call is one signed request; what fails is LOCAL_SERVER. */
export interface ShopTable extends AsyncDisposable {
  /** Creates the table, without a stream, and waits until it is active. */
  create(signal: AbortSignal): Promise<void>
  /** Writes items, in any order. */
  fill(items: readonly Item[], signal: AbortSignal): Promise<void>
  /** From now on there is a stream, of both images: what was written before is not in it. */
  enableStream(signal: AbortSignal): Promise<void>
  put(item: Item, signal: AbortSignal): Promise<void>
  /** An UpdateItem on one key; resolves with the whole item behind it. */
  update(change: ItemUpdate, signal: AbortSignal): Promise<Item>
  delete(key: Item, signal: AbortSignal): Promise<void>
}

/** What an UpdateItem does; names and values by their placeholders. */
export interface ItemUpdate {
  readonly key: Item
  readonly expression: string
  readonly names: Readonly<Record<string, string>>
  readonly values: Item
}

const activePollMs = 50

const updateAnswer = z.object({ Attributes: z.custom<Item>((value) => typeof value === 'object' && value !== null) })
const describeAnswer = z.object({ Table: z.object({ TableStatus: z.string() }) })

/** Connects with made-up credentials, whatever credentials and endpoints this machine has. Sends nothing yet. */
export function openShopTable(endpoint: string, clock: Clock): ShopTable {
  const credentials = { accessKeyId: 'demo', secretAccessKey: 'demo' }
  const api = createAwsApi({
    clock,
    region: shopRegion,
    credentials: createCredentialsCache({ clock, load: () => Promise.resolve(credentials) }),
    overrides: { dynamodb: endpoint, streams: endpoint },
  })
  const call = (action: string, body: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<unknown> =>
    send(api, { action, body: { TableName: shopTable, ...body } }, signal)
  const untilActive = async (signal: AbortSignal): Promise<void> => {
    while (describeAnswer.parse(await call('DescribeTable', {}, signal)).Table.TableStatus !== 'ACTIVE')
      await clock.sleep(activePollMs, signal)
  }
  return {
    create: async (signal) => {
      await call('CreateTable', tableDefinition, signal)
      await untilActive(signal)
    },
    fill: async (items, signal) => {
      for (let at = 0; at < items.length; at += itemsAtOnce) {
        const requests = items.slice(at, at + itemsAtOnce).map((item) => ({ PutRequest: { Item: item } }))
        await send(api, { action: 'BatchWriteItem', body: { RequestItems: { [shopTable]: requests } } }, signal)
      }
    },
    enableStream: async (signal) => {
      await call('UpdateTable', { StreamSpecification: streamOfBothImages }, signal)
      await untilActive(signal)
    },
    put: async (item, signal) => {
      await call('PutItem', { Item: item }, signal)
    },
    update: async ({ key, expression, names, values }, signal) => {
      const expressions = {
        UpdateExpression: expression,
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: values,
      }
      const answer = await call('UpdateItem', { Key: key, ...expressions, ReturnValues: 'ALL_NEW' }, signal)
      return updateAnswer.parse(answer).Attributes
    },
    delete: async (key, signal) => {
      await call('DeleteItem', { Key: key }, signal)
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  }
}

const tableDefinition = {
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    { AttributeName: 'customer', AttributeType: 'S' },
    { AttributeName: 'order', AttributeType: 'S' },
  ],
  KeySchema: [
    { AttributeName: 'customer', KeyType: 'HASH' },
    { AttributeName: 'order', KeyType: 'RANGE' },
  ],
}

const streamOfBothImages = { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' }

/** The most that one request takes. */
const itemsAtOnce = 25

async function send(
  api: AwsApi,
  { action, body }: { readonly action: string; readonly body: Readonly<Record<string, unknown>> },
  signal: AbortSignal,
): Promise<unknown> {
  try {
    return await api.call({ service: 'dynamodb', action, body }, signal)
  } catch (error) {
    if (signal.aborted) throw error
    const reason = error instanceof AwsServiceError ? ` (${error.type})` : ''
    throw new TailraceError('LOCAL_SERVER', `DynamoDB Local failed at ${action}${reason}`, { cause: error })
  }
}
