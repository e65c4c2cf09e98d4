import { afterAll, beforeAll, expect, it } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import type { AwsApi } from '../../src/aws/aws.ts'
import { createCredentialsCache } from '../../src/aws/credentials.ts'
import { createAwsApi } from '../../src/aws/signed-request.ts'
import { parseTagCondition } from '../../src/change/table-tags.ts'
import { TailraceError } from '../../src/errors.ts'
import { createCombinedSource } from '../../src/sources/discovery/combined-source.ts'
import { createDynamoDbStreamsSource } from '../../src/sources/dynamodb-streams/dynamodb-streams-source.ts'
import type { Source } from '../../src/sources/source.ts'
import { startLocalMoto } from '../servers/local-moto.ts'
import type { LocalMoto } from '../servers/local-moto.ts'

const never = new AbortController().signal
let moto: LocalMoto

beforeAll(async () => {
  moto = await startLocalMoto()
  await createTable('eu-central-1', 'orders', { cdc: '', team: 'shop' })
  await createTable('eu-central-1', 'bills', { cdc: '', team: 'money' })
  await createTable('eu-central-1', 'drafts', {})
  await createTable('us-east-1', 'orders', { cdc: '' })
})

afterAll(() => moto[Symbol.asyncDispose]())

it('finds tables by asking the tagging service', async () => {
  await using api = apiIn('eu-central-1')
  const names = async (...tags: string[]): Promise<readonly string[]> => {
    const found = await sourceOver(api, 'eu-central-1', tags).findTables(never)
    return found.map(({ name }) => name)
  }
  expect(await names('cdc')).toEqual(['bills', 'orders'])
  expect(await names('cdc', 'team=shop|none')).toEqual(['orders'])
})

it('finds tables by their own tags', async () => {
  await using api = apiIn('eu-central-1')
  const names = async (...tags: string[]): Promise<readonly string[]> => {
    const found = await sourceOver(withoutTagging(api), 'eu-central-1', tags).findTables(never)
    return found.map(({ name }) => name)
  }
  expect(await names('cdc')).toEqual(['bills', 'orders'])
  expect(await names('cdc', 'team=shop|none')).toEqual(['orders'])
})

it('finds those of several regions', async () => {
  await using here = apiIn('eu-central-1')
  await using there = apiIn('us-east-1')
  const parts = [
    { region: 'eu-central-1', source: sourceOver(withoutTagging(here), 'eu-central-1', ['cdc']) },
    { region: 'us-east-1', source: sourceOver(withoutTagging(there), 'us-east-1', ['cdc']) },
  ].map((part) => ({ ...part, account: undefined, title: part.region, tables: ['*'] }))
  const found = await createCombinedSource({ parts, clock: systemClock }).findTables(never)
  expect(found.map(({ region, name }) => `${region} ${name}`)).toEqual([
    'eu-central-1 bills',
    'eu-central-1 orders',
    'us-east-1 orders',
  ])
})

function sourceOver(api: AwsApi, region: string, tags: readonly string[]): Source {
  return createDynamoDbStreamsSource({
    api,
    clock: systemClock,
    rng: seededRng(1),
    region,
    tables: ['*'],
    tags: tags.flatMap((text) => parseTagCondition(text) ?? []),
  })
}

/** As for somebody who may not use it. */
function withoutTagging(api: AwsApi): AwsApi {
  const exchange: AwsApi['exchange'] = async (request, signal) => {
    if (request.service === 'tagging')
      throw new TailraceError('AWS_ACCESS_DENIED', 'Not allowed: tag:GetResources on *')
    return await api.exchange(request, signal)
  }
  return { exchange, call: async (request, signal) => (await exchange(request, signal)).body }
}

function apiIn(region: string): AwsApi & AsyncDisposable {
  const load = (): Promise<{ accessKeyId: string; secretAccessKey: string }> =>
    Promise.resolve({ accessKeyId: 'local', secretAccessKey: 'local' })
  const credentials = createCredentialsCache({ clock: systemClock, load })
  return createAwsApi({ clock: systemClock, region, credentials, env: { AWS_ENDPOINT_URL: moto.endpoint } })
}

async function createTable(region: string, name: string, tags: Readonly<Record<string, string>>): Promise<void> {
  await using api = apiIn(region)
  const body = {
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
  }
  await api.call({ service: 'dynamodb', action: 'CreateTable', body }, never)
}
