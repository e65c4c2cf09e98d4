import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { AwsServiceError } from '../../src/aws/aws.ts'
import type { AwsApi } from '../../src/aws/aws.ts'
import { createLocalTable } from '../servers/local-table.ts'
import type { LocalTable } from '../servers/local-table.ts'
import { startLocalMoto } from '../servers/local-moto.ts'
import type { LocalMoto } from '../servers/local-moto.ts'
import { connectTo, member } from '../servers/stream-simulator/simulator-client.ts'
import { startTaggingFront } from '../servers/tagging-front.ts'
import type { TaggingFront } from '../servers/tagging-front.ts'

const { endpoint } = inject('dynamodb')
const signal = AbortSignal.timeout(120_000)
let front: TaggingFront
let moto: LocalMoto

beforeAll(async () => {
  front = await startTaggingFront(endpoint)
  moto = await startLocalMoto()
})

afterAll(async () => {
  await front[Symbol.asyncDispose]()
  await moto[Symbol.asyncDispose]()
})

async function call(api: AwsApi, action: string, body: unknown, service = 'dynamodb' as const): Promise<unknown> {
  try {
    return await api.call(
      { service, action, body: body as Readonly<Record<string, unknown>>, hasEmptyAnswer: true },
      signal,
    )
  } catch (error) {
    if (error instanceof AwsServiceError) return error.type
    throw error
  }
}

function byName(texts: readonly string[]): readonly string[] {
  return texts.toSorted((a, b) => (a < b ? -1 : 1))
}

/** What somebody who tags a table is told, step by step. */
async function conversation(at: string, again: string): Promise<readonly unknown[]> {
  await using api = connectTo(at)
  const table = await createLocalTable(at)
  const arn = member(member(await call(api, 'DescribeTable', { TableName: table.name }), 'Table'), 'TableArn')
  const tagsOf = async (): Promise<unknown> => {
    const answer = await call(api, 'ListTagsOfResource', { ResourceArn: arn })
    const tags = member(answer, 'Tags')
    return Array.isArray(tags)
      ? tags.map((tag) => `${String(member(tag, 'Key'))}=${String(member(tag, 'Value'))}`).toSorted()
      : answer
  }
  const told = [await tagsOf()]
  const tag = (...tags: readonly (readonly [string, string])[]): Promise<unknown> =>
    call(api, 'TagResource', { ResourceArn: arn, Tags: tags.map(([Key, Value]) => ({ Key, Value })) })
  await tag(['cdc', 'a'], ['team', 'shop'])
  told.push(await tagsOf())
  await tag([again, 'b'])
  told.push(await tagsOf())
  await call(api, 'UntagResource', { ResourceArn: arn, TagKeys: ['team', 'never-there'] })
  told.push(await tagsOf())
  await table.drop()
  told.push(await tagsOf())
  await table[Symbol.asyncDispose]()
  return told
}

it('tells who tags tables the same as moto does', async () => {
  const told = await conversation(front.endpoint, 'more')
  const all = ['cdc=a', 'more=b', 'team=shop']
  expect(told).toEqual([[], ['cdc=a', 'team=shop'], all, ['cdc=a', 'more=b'], 'ResourceNotFoundException'])
  expect(await conversation(moto.endpoint, 'more')).toEqual(told)
})

// moto keeps both values.
it('replaces the value of a tag, as DynamoDB does', async () => {
  const told = await conversation(front.endpoint, 'cdc')
  const replaced = [['cdc=b', 'team=shop'], ['cdc=b'], 'ResourceNotFoundException']
  expect(told).toEqual([[], ['cdc=a', 'team=shop'], ...replaced])
})

// moto's tagging service knows no tables.
it('finds tables by their tags, page by page', async () => {
  await using api = connectTo(front.endpoint)
  const tables: LocalTable[] = []
  for (let index = 0; index < 3; index++) tables.push(await createLocalTable(front.endpoint))
  const arns: string[] = []
  for (const [index, table] of tables.entries()) {
    const arn = String(member(member(await call(api, 'DescribeTable', { TableName: table.name }), 'Table'), 'TableArn'))
    arns.push(arn)
    const Tags = [{ Key: 'paged', Value: String(index) }]
    expect(await call(api, 'TagResource', { ResourceArn: arn, Tags })).toEqual({})
  }
  const find = async (...values: readonly string[]): Promise<readonly string[]> => {
    const found: string[] = []
    for (let token = ''; ;) {
      const filters = [{ Key: 'paged', ...(values.length === 0 ? {} : { Values: values }) }]
      const body = { TagFilters: filters, ResourcesPerPage: 2, PaginationToken: token }
      const answer = await api.call({ service: 'tagging', action: 'GetResources', body }, signal)
      const list = member(answer, 'ResourceTagMappingList') as readonly unknown[]
      found.push(...list.map((one) => String(member(one, 'ResourceARN'))))
      token = String(member(answer, 'PaginationToken'))
      if (token === '') return found
    }
  }
  expect(await find()).toEqual(byName(arns))
  expect(await find('0', '2')).toEqual(byName(arns.filter((_, index) => index !== 1)))
  // What it does not answer itself comes from DynamoDB Local, errors included.
  expect(await call(api, 'DescribeTable', { TableName: 'not-there' })).toBe('ResourceNotFoundException')
  expect(await call(api, 'DeleteTable', { TableName: 'not-there' })).toBe('ResourceNotFoundException')
  for (const table of tables) await table[Symbol.asyncDispose]()
  expect(await find()).toEqual([])
})
