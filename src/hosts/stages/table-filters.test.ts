import { describe, expect, it } from 'vitest'
import { tableOf } from '../../../test/oracle/arbitrary-items.ts'
import { readConfig } from '../../../test/servers/pipeline-under-test.ts'
import type { Operation } from '../../change/change-event.ts'
import { createTopicProvisioner } from '../../pipeline/topic-provisioner.ts'
import type { PipelineEvent } from '../../pipeline/pipeline-event.ts'
import { tellingOfUnused, unusedOverrides } from '../unused-overrides.ts'
import { hasFilter, tableFilters } from './table-filters.ts'
import type { RoutedChange } from '../../transform/change-transform.ts'

const { signal } = new AbortController()
const configOf = (more: string) =>
  readConfig(`
pipeline: shop
source: { region: eu-west-1, tables: ['*'] }
kafka: { bootstrap.servers: 'b:9092' }
${more}`)
const named = (name: string) => ({ ...tableOf('NEW_AND_OLD_IMAGES'), name, arn: `arn:${name}` })
const change = (operation: Operation, status: string): RoutedChange => {
  const newImage = { id: { S: '1' }, status: { S: status } }
  const event = {
    operation,
    keys: { id: { S: '1' } },
    newImage,
    oldImage: undefined,
  } as unknown as RoutedChange['event']
  return { event, topic: undefined, headers: [] }
}

describe('filters of single tables', () => {
  const config = configOf(`
filter.operations: [INSERT, MODIFY]
tables.orders.filter.condition: "status = 'open'"
tables.bills.filter.operations: [INSERT, READ]
`)
  const passed = async (table: string, ...changes: readonly RoutedChange[]): Promise<readonly boolean[]> => {
    const outcomes = await tableFilters(config, false).apply(changes, named(table), signal)
    return outcomes.map((outcome) => outcome.kind === 'passed' && outcome.changes.length > 0)
  }

  it('take the place of what holds for all, and leave the rest', async () => {
    expect(hasFilter(config)).toBe(true)
    expect(await passed('orders', change('INSERT', 'open'), change('INSERT', 'done'), change('READ', 'open'))).toEqual([
      true,
      false,
      false,
    ])
    expect(await passed('bills', change('INSERT', 'done'), change('MODIFY', 'open'), change('READ', 'x'))).toEqual([
      true,
      false,
      true,
    ])
    expect(await passed('other', change('INSERT', 'done'), change('READ', 'open'))).toEqual([true, false])
  })

  it('are those of the ARN before those of the name', async () => {
    const arn = 'arn:aws:dynamodb:eu-west-1:222222222222:table/orders'
    const both = configOf(`tables.orders.filter.operations: [INSERT]\ntables.${arn}.filter.operations: [MODIFY]`)
    const apply = async (table: string): Promise<readonly boolean[]> => {
      const changes = [change('INSERT', 'open'), change('MODIFY', 'open')]
      const outcomes = await tableFilters(both, false).apply(changes, { ...named('orders'), arn: table }, signal)
      return outcomes.map((outcome) => outcome.kind === 'passed' && outcome.changes.length > 0)
    }
    expect(await apply(arn)).toEqual([false, true])
    expect(await apply('arn:another')).toEqual([true, false])
    expect(unusedOverrides(both.overrides, [{ ...named('orders'), arn }])).toEqual([])
    expect(unusedOverrides(both.overrides, [named('orders')])).toEqual([arn])
  })

  it('are filters even if all other tables have none', () => {
    expect(hasFilter(configOf(''))).toBe(false)
    expect(hasFilter(configOf('tables.orders.topic.name: x'))).toBe(false)
    expect(hasFilter(configOf('tables.orders.filter.condition: a = 1'))).toBe(true)
  })
})

describe('names of no table that have something of their own', () => {
  const { overrides } = configOf('tables.orders.topic.name: x\ntables.bills.topic.name: y')

  it('are told once, and again when the tables are others', () => {
    const events: PipelineEvent[] = []
    const rules = {
      nameOf: () => 't',
      isReserved: () => false,
      isSharingAllowed: true,
      mayCreate: false,
      partitions: 1,
      replicationFactor: 1,
      config: {},
    }
    const parts = { clock: { now: () => 0, monotonic: () => 0, sleep: () => Promise.resolve() }, onEvent: () => {} }
    const inner = createTopicProvisioner({} as never, rules, parts)
    const topics = tellingOfUnused(inner, overrides, (event) => events.push(event))
    for (const tables of [['orders'], ['orders'], ['orders', 'bills'], ['bills']])
      topics.refuseCollisions(tables.map(named))
    expect(events).toEqual([
      { kind: 'overrides-unused', tables: ['bills'] },
      { kind: 'overrides-unused', tables: ['orders'] },
    ])
  })

  it('are not known of the tables in a Kinesis stream', () => {
    expect(unusedOverrides(overrides, [{ ...named('stream'), isStream: true }])).toEqual([])
  })
})
