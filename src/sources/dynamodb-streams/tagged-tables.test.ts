import { beforeEach, describe, expect, it } from 'vitest'
import { createTaggedAccount } from '../../../test/fixtures/tagged-account.ts'
import type { TaggedAccount } from '../../../test/fixtures/tagged-account.ts'
import { seededRng } from '../../async/rng.ts'
import type { SkippedTable } from '../../change/skipped-table.ts'
import type { TailraceError } from '../../errors.ts'
import { parseTagCondition } from '../../change/table-tags.ts'
import { createManualClock } from '../../../test/servers/stream-simulator/manual-clock.ts'
import type { SourceEvent } from '../source-event.ts'
import type { Source } from '../source.ts'
import { createDynamoDbStreamsSource } from './dynamodb-streams-source.ts'

const never = new AbortController().signal

let account: TaggedAccount
let events: SourceEvent[]

beforeEach(() => {
  account = createTaggedAccount()
  events = []
  account.create('orders', { cdc: 'yes', team: 'shop' })
  account.create('bills', { cdc: '', team: 'money' })
  account.create('drafts', { cdc: 'yes', team: 'none' })
  account.create('untagged', {})
})

function sourceOf(tables: readonly string[], tags: readonly string[]): Source {
  const rng = seededRng(1)
  return createDynamoDbStreamsSource({
    api: account.api,
    clock: createManualClock(),
    rng,
    region: 'eu-west-1',
    tables,
    tags: tags.flatMap((text) => parseTagCondition(text) ?? []),
    onEvent: (event) => events.push(event),
  })
}

const namesOf = async (source: Source): Promise<readonly string[]> =>
  (await source.findTables(never)).map(({ name }) => name)
const actions = (): readonly string[] => [...new Set(account.sent.map(({ action }) => action))]

describe.each(['tag:GetResources', 'dynamodb:ListTagsOfResource'] as const)('tables by tags, found by %s', (way) => {
  beforeEach(() => {
    if (way !== 'tag:GetResources') account.denied.add('GetResources')
  })

  it('are those that have all of them, and match', async () => {
    expect(await namesOf(sourceOf(['*'], ['cdc']))).toEqual(['bills', 'drafts', 'orders'])
    expect(await namesOf(sourceOf(['*'], ['cdc', 'team=shop|money']))).toEqual(['bills', 'orders'])
    expect(await namesOf(sourceOf(['*'], ['cdc=yes']))).toEqual(['drafts', 'orders'])
    expect(await namesOf(sourceOf(['b*', 'orders', 'untagged'], ['cdc']))).toEqual(['bills', 'orders'])
    expect(events[0]).toEqual({ kind: 'tags-searched', way })
    expect(actions()).not.toContain(way === 'tag:GetResources' ? 'ListTagsOfResource' : 'TagResource')
  })

  it('are read over all pages', async () => {
    account.pageSize = 1
    account.expiringTokens = 1
    expect(await namesOf(sourceOf(['*'], ['cdc', 'team=shop|money']))).toEqual(['bills', 'orders'])
  })

  it('that cannot be read are told of, and only if they have the tags', async () => {
    account.create('still', { cdc: '' }, false)
    account.create('other', {}, false)
    const skipped: string[] = []
    const found = await sourceOf(['*'], ['cdc']).findTables(never, {
      skipped: ({ name, code }) => skipped.push(`${name} ${code}`),
    })
    expect(found).toHaveLength(3)
    expect(skipped).toEqual(['still STREAM_DISABLED'])
  })

  it('are an error if there are none, unless somebody listens', async () => {
    const source = sourceOf(['*'], ['cdc', 'team=nobody'])
    await expect(source.findTables(never)).rejects.toMatchObject({
      code: 'TABLE_NOT_FOUND',
      message: 'No readable table in eu-west-1 matches *, cdc, team=nobody',
    })
    const missing: string[] = []
    expect(await source.findTables(never, { missing: ({ code }) => missing.push(code) })).toEqual([])
    expect(missing).toEqual(['TABLE_NOT_FOUND'])
  })

  it('that may not be looked at are left out, and the others are found', async () => {
    account.deniedTables.add('DescribeTable bills')
    const skipped: string[] = []
    const listener = { skipped: ({ name, code }: SkippedTable) => skipped.push(`${name} ${code}`) }
    const found = await sourceOf(['*'], ['cdc']).findTables(never, listener)
    expect(found.map(({ name }) => name)).toEqual(['drafts', 'orders'])
    expect(skipped).toEqual(['bills AWS_ACCESS_DENIED'])
  })

  it('are not told to be missing where none of them may be looked at', async () => {
    account.denied.add('DescribeTable')
    const unmatched: string[] = []
    const listener = { unmatched: ({ code }: TailraceError) => unmatched.push(code) }
    expect(await sourceOf(['*'], ['cdc']).findTables(never, listener)).toEqual([])
    expect(await sourceOf(['b*'], []).findTables(never, listener)).toEqual([])
    expect(unmatched).toEqual(['AWS_ACCESS_DENIED', 'AWS_ACCESS_DENIED'])
    await expect(sourceOf(['b*'], []).findTables(never)).rejects.toMatchObject({ code: 'AWS_ACCESS_DENIED' })
  })

  it('are asked for alone when they are absent', async () => {
    const source = sourceOf(['orders', 'b*'], ['cdc'])
    const [bills, orders] = await source.findTables(never)
    if (bills === undefined || orders === undefined) throw new Error('they were there')
    expect(await source.whyAbsent?.(orders, never)).toBeUndefined()
    expect(await source.whyAbsent?.({ ...orders, name: 'x', arn: 'x' }, never)).toMatchObject({ kind: 'unselected' })
    expect(await source.whyAbsent?.({ ...orders, region: 'us-east-1' }, never)).toMatchObject({ kind: 'unselected' })
    account.tag('orders', { team: 'shop' })
    expect(await source.whyAbsent?.(orders, never)).toEqual({
      kind: 'untagged',
      reason: 'it does not have the tag cdc',
    })
    account.delete('bills')
    expect(await source.whyAbsent?.(bills, never)).toMatchObject({ kind: 'gone' })
    expect(await source.whyAbsent?.({ ...orders, arn: orders.arn.replace('1111', '2222') }, never)).toBe('unknown')
  })
})

it('goes back to the first way once it is allowed', async () => {
  const source = sourceOf(['*'], ['cdc'])
  account.denied.add('GetResources')
  await source.findTables(never)
  account.denied.delete('GetResources')
  await source.findTables(never)
  expect(events.flatMap((event) => (event.kind === 'tags-searched' ? [event.way] : []))).toEqual([
    'dynamodb:ListTagsOfResource',
    'tag:GetResources',
  ])
})

it('a table that a listing lacks is not absent', async () => {
  const source = sourceOf(['*'], ['cdc'])
  const [, , orders] = await source.findTables(never)
  account.denied.add('GetResources')
  account.hidden.add('orders')
  expect(await namesOf(source)).toEqual(['bills', 'drafts'])
  expect(orders === undefined || (await source.whyAbsent?.(orders, never))).toBeUndefined()
})

it('without tags: what is missing is left out where somebody listens, and the others are found', async () => {
  const missing: string[] = []
  const listener = { missing: (error: Error) => missing.push(error.message) }
  const found = await sourceOf(['nowhere', 'orders', 'nothing-*'], []).findTables(never, listener)
  expect(found.map(({ name }) => name)).toEqual(['orders'])
  expect(missing).toEqual([
    'There is no table nowhere in eu-west-1',
    'No readable table in eu-west-1 matches nothing-*',
  ])
  expect(actions()).not.toContain('GetResources')
})

it('without tags: a table that is named and may not be looked at is left out where somebody listens', async () => {
  account.deniedTables.add('DescribeTable orders')
  const missing: string[] = []
  const listener = { missing: ({ code }: TailraceError) => missing.push(code) }
  const found = await sourceOf(['bills', 'orders'], []).findTables(never, listener)
  expect(found.map(({ name }) => name)).toEqual(['bills'])
  expect(missing).toEqual(['AWS_ACCESS_DENIED'])
})
