import { describe, expect, it } from 'vitest'
import { tableOf } from '../../test/oracle/arbitrary-items.ts'
import type { ArbitraryChange } from '../../test/oracle/arbitrary-items.ts'
import type { Item } from '../change/attribute-value.ts'
import type { ChangeEvent, Operation } from '../change/change-event.ts'
import type { StreamViewType, Table } from '../change/table.ts'
import { createDebeziumEnvelope } from '../envelope/debezium-envelope.ts'
import { createJsonSerializer } from './json-serializer.ts'
import type { JsonSerializerOptions } from './json-serializer.ts'
import type { SerializedRecord } from './serializer.ts'

const plain: JsonSerializerOptions = { numbers: 'exact', schemasEnable: false }
const wrapped: JsonSerializerOptions = { numbers: 'exact', schemasEnable: true }

const keys: Item = { pk: { S: 'USER#1' }, sk: { N: '9' } }
const old: Item = { ...keys, total: { N: '1234567890.12345678901234567' }, tags: { SS: ['b', 'a'] } }
const fresh: Item = {
  ...keys,
  total: { N: '0.10' },
  done: { BOOL: true },
  photo: { B: 'AAEC' },
  note: { NULL: true },
  address: { M: { zip: { S: '0001' }, at: { L: [{ N: '1.5' }, { S: '"' }] } } },
  scores: { NS: ['10', '9'] },
  blobs: { BS: ['AQ==', 'AA=='] },
}

describe('createJsonSerializer', () => {
  it.each([
    ['debezium-json.txt', plain],
    ['debezium-json-with-schemas.txt', wrapped],
  ])('writes every view type and operation as in test/fixtures/%s', async (file, options) => {
    const viewTypes: StreamViewType[] = ['NEW_AND_OLD_IMAGES', 'NEW_IMAGE', 'OLD_IMAGE', 'KEYS_ONLY']
    const operations: Operation[] = ['INSERT', 'MODIFY', 'REMOVE', 'READ']
    const texts = viewTypes.flatMap((viewType) =>
      operations.map((operation) => {
        const records = write({ table: tableOf(viewType), event: change(viewType, operation) }, options)
        return [`--- ${viewType}, ${operation}`, ...records.map(textOf)].join('\n')
      }),
    )
    await expect(`${texts.join('\n')}\n`).toMatchFileSnapshot(`../../test/fixtures/${file}`)
  })

  it('marks records in headers', () => {
    const [record, tombstone] = write({ table: tableOf('KEYS_ONLY'), event: change('KEYS_ONLY', 'REMOVE') }, plain)
    expect(record?.headers.map((header) => header.map(String))).toEqual([
      ['tailrace.table', 'orders'],
      ['tailrace.shard', 'shardId-00000001795426137710-6c8358a2'],
      ['tailrace.seq', '000000000000000000001'],
      ['tailrace.event.id', 'e862b143'],
    ])
    expect(tombstone).toEqual({ key: record?.key, value: null, headers: record?.headers })
  })

  it.each([plain, wrapped])(
    'names the position of what cannot be written, and goes on with the next (%j)',
    (options) => {
      const serializer = createJsonSerializer(options)
      const table = tableOf('NEW_IMAGE')
      const good = { table, event: change('NEW_IMAGE', 'INSERT') }
      const bad: ArbitraryChange = {
        table,
        event: { ...good.event, newImage: JSON.parse('{"pk":{"secret":"secret"}}') },
      }
      const expected = write(good, options).map(textOf)
      expect(() => serializer.serialize(wrap(bad))).toThrow(
        expect.objectContaining({
          code: 'RECORD_UNREADABLE',
          message:
            'A change of table orders cannot be written: an attribute value has an unknown type ' +
            '(shard shardId-00000001795426137710-6c8358a2, sequence number 000000000000000000001)',
          details: {
            table: 'orders',
            shard: 'shardId-00000001795426137710-6c8358a2',
            sequenceNumber: '000000000000000000001',
            reason: 'an attribute value has an unknown type',
          },
        }),
      )
      expect(serializer.serialize(wrap(good)).map(textOf)).toEqual(expected)
    },
  )

  it('says in the position where a key does not fit its table', () => {
    const table: Table = { ...tableOf('NEW_IMAGE'), keySchema: [{ name: 'id', type: 'S' }] }
    const attempt = (): unknown => write({ table, event: change('NEW_IMAGE', 'INSERT') }, plain)
    expect(attempt).toThrow(/key attribute id is not a valid S \(shard .*, sequence number 0*1\)/)
  })
})

function change(viewType: StreamViewType, operation: Operation): ChangeEvent {
  const hasOld = viewType.includes('OLD') && (operation === 'MODIFY' || operation === 'REMOVE')
  const hasNew = viewType.includes('NEW') && operation !== 'REMOVE'
  const isRow = operation === 'READ'
  return {
    operation,
    keys,
    oldImage: hasOld ? old : undefined,
    newImage: hasNew ? fresh : undefined,
    eventId: isRow ? '' : 'e862b143',
    shardId: isRow ? '' : 'shardId-00000001795426137710-6c8358a2',
    sequenceNumber: isRow ? '' : '000000000000000000001',
    createdAtMs: 1_795_426_137_000,
    userIdentity: operation === 'REMOVE' ? { type: 'Service', principalId: 'dynamodb.amazonaws.com' } : undefined,
    sizeBytes: 26,
    snapshot: isRow ? 'true' : undefined,
  }
}

function wrap({ table, event }: ArbitraryChange) {
  const envelope = createDebeziumEnvelope({ table, name: 'shop', connectorVersion: '0.1.0', tombstonesOnDelete: true })
  return envelope.wrap(event, 1_795_426_137_123)
}

function write(change: ArbitraryChange, options: JsonSerializerOptions): readonly SerializedRecord[] {
  return createJsonSerializer(options).serialize(wrap(change))
}

function textOf({ key, value }: SerializedRecord): string {
  return `${key.toString('utf8')}\n${value === null ? '(tombstone)' : value.toString('utf8')}`
}
