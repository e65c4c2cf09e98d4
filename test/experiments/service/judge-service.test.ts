import { describe, expect, it } from 'vitest'
import { seededRng } from '../../../src/async/rng.ts'
import type { AwsApi } from '../../../src/aws/aws.ts'
import type { DeliveredRecord, WrittenChange } from '../../../src/oracle/oracle.ts'
import { createItemWriter } from './item-writer.ts'
import { judgeService, wrongStates } from './judge-service.ts'
import type { JudgedTable, SeenConnector } from './judge-service.ts'

/** A table of which so much was written. */
async function writtenTable(name: string, changes: number, incarnation = 1): Promise<JudgedTable> {
  const api: AwsApi = { call: () => Promise.resolve({}), exchange: () => Promise.resolve({ body: {}, bytes: 0 }) }
  const writer = createItemWriter(api, { table: name, incarnation }, seededRng(5))
  for (let change = 0; change < changes; change++) await writer.writeOne()
  return { name, owed: writer.written, contents: () => writer.contents() }
}

function recordOf(
  { table, key, version, operation, before, after, amount }: WrittenChange,
  offset: number,
): DeliveredRecord {
  const position = { shardId: 's', sequenceNumber: String(offset + 1) }
  return { topic: `t.${table}`, partition: 0, offset, table, key, version, operation, before, after, amount, position }
}

const delivered = ({ owed }: JudgedTable): DeliveredRecord[] => owed.map(recordOf)
const rest = { longestOutageMs: 9_999, unexpected: [] }

async function found(
  change: (records: DeliveredRecord[]) => readonly DeliveredRecord[],
  more: Partial<Parameters<typeof judgeService>[0]> = {},
): Promise<Readonly<Record<string, number>>> {
  const table = await writtenTable('orders', 300)
  const { anomalies } = judgeService({
    tables: [table],
    delivered: change(delivered(table)),
    rest,
    faults: [],
    ...more,
  })
  return Object.fromEntries(Object.entries(anomalies).filter(([, count]) => count > 0))
}

describe('the judgement of a service', () => {
  it('finds nothing where everything is there once and in order', async () => {
    expect(await found((records) => records)).toEqual({})
  })

  it('sees one record that is lost', async () => {
    expect(await found((records) => records.toSpliced(150, 1))).toMatchObject({ lost: 1 })
  })

  it('sees one record that comes twice', async () => {
    const twice = (records: DeliveredRecord[]): readonly DeliveredRecord[] => {
      const last = records.at(-1)
      return last === undefined ? [] : [...records, { ...last, offset: last.offset + 1 }]
    }
    expect(await found(twice)).toMatchObject({ duplicate: 1 })
  })

  it('sees two changes of one item that have changed places', async () => {
    const swapped = (records: DeliveredRecord[]): readonly DeliveredRecord[] => {
      const [one, other] = records.filter(({ key }) => key === records[0]?.key)
      if (one === undefined || other === undefined) throw new Error('too few changes')
      return records.map((each) =>
        each === one ? { ...other, offset: one.offset } : each === other ? { ...one, offset: other.offset } : each,
      )
    }
    expect(await found(swapped)).toMatchObject({ reorder: 1 })
  })

  it("sees a record of a table's second life", async () => {
    const second = await writtenTable('orders', 1, 2)
    const records = delivered(second).map((record) => ({ ...record, offset: 5_000 }))
    expect(await found((first) => [...first, ...records])).toMatchObject({ phantom: 1 })
  })

  it('sees an image that is not what was written', async () => {
    expect(
      await found((records) => records.map((each, at) => (at === 9 ? { ...each, after: 'other' } : each))),
    ).toMatchObject({
      phantom: 1,
    })
  })

  it('counts an outage of more than ten seconds, strange answers and whatever else went wrong', async () => {
    const same = (records: DeliveredRecord[]): readonly DeliveredRecord[] => records
    expect(await found(same, { rest: { ...rest, longestOutageMs: 10_001 } })).toEqual({ hang: 1 })
    expect(await found(same, { rest: { ...rest, unexpected: ['GET /: 404'] } })).toEqual({ hang: 1 })
    expect(await found(same, { faults: ['a process ended by itself'] })).toEqual({ hang: 1 })
  })
})

describe('states that must be told', () => {
  const tables = [
    { name: 'orders', expected: 'RUNNING' },
    { name: 'bills', expected: 'UNASSIGNED' },
    { name: 'drafts', expected: 'SOURCE_REPLACED' },
  ] as const
  const good: SeenConnector = {
    connector: { state: 'RUNNING' },
    tasks: [{ state: 'RUNNING' }, { state: 'RUNNING' }],
    tables: [
      { table: 'orders', state: 'RUNNING' },
      { table: 'bills', state: 'UNASSIGNED', reason: 'it does not have the tag cdc' },
      { table: 'drafts', state: 'FAILED', reason: 'SOURCE_REPLACED: its stream was replaced' },
    ],
  }
  const wrong = (seen: SeenConnector | undefined): readonly string[] =>
    wrongStates(seen, { connector: 'shop', processes: 2, tables })

  it('are right when they are', () => {
    expect(wrong(good)).toEqual([])
  })

  it.each([
    ['no status', undefined],
    ['a connector that is paused', { ...good, connector: { state: 'PAUSED' } }],
    ['a process that does not run it', { ...good, tasks: [{ state: 'RUNNING' }] }],
    ['a process that is dead', { ...good, tasks: [...good.tasks, { state: 'RUNNING' }] }],
    ['a task that has failed', { ...good, tasks: [{ state: 'RUNNING' }, { state: 'FAILED' }] }],
    ['a table that is not known', { ...good, tables: good.tables?.slice(1) }],
    ['no tables', { connector: good.connector, tasks: good.tasks }],
    [
      'a table that stopped for another reason',
      { ...good, tables: good.tables?.with(2, { table: 'drafts', state: 'FAILED', reason: 'STREAM_GAP: …' }) },
    ],
    ['a table that is not read', { ...good, tables: good.tables?.with(0, { table: 'orders', state: 'PAUSED' }) }],
    ['a table that nobody tagged', { ...good, tables: [...(good.tables ?? []), { table: 'else', state: 'RUNNING' }] }],
  ])('are wrong for %s', (_, seen) => {
    expect(wrong(seen as SeenConnector | undefined)).not.toEqual([])
  })
})
