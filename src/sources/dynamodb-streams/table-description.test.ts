import { describe, expect, it } from 'vitest'
import type { Table } from '../../change/table.ts'
import { readableTable, readTableDescription, stateBearingViewTypes } from './table-description.ts'

const strict = { viewTypes: stateBearingViewTypes }
const complete = {
  TableName: 'orders',
  TableArn: 'arn:aws-cn:dynamodb:cn-north-1:123456789012:table/orders',
  TableId: 'id-1',
  CreationDateTime: 1795446972.624,
  LatestStreamArn: 'arn:aws-cn:dynamodb:cn-north-1:123456789012:table/orders/stream/2026',
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
  AttributeDefinitions: [
    { AttributeName: 'unrelated', AttributeType: 'S' },
    { AttributeName: 'at', AttributeType: 'N' },
    { AttributeName: 'id', AttributeType: 'B' },
  ],
  KeySchema: [
    { AttributeName: 'at', KeyType: 'RANGE' },
    { AttributeName: 'id', KeyType: 'HASH' },
  ],
}
const read = (changes: object): Table =>
  readableTable(readTableDescription({ Table: { ...complete, ...changes } }), strict)

describe('readTableDescription', () => {
  it('puts the hash key first, whatever the answer does', () => {
    expect(read({})).toMatchObject({
      region: 'cn-north-1',
      account: '123456789012',
      id: 'id-1',
      keySchema: [
        { name: 'id', type: 'B' },
        { name: 'at', type: 'N' },
      ],
    })
  })

  it('gives a table without an id one that a recreated table does not have', () => {
    expect(read({ TableId: undefined }).id).toBe('created-1795446972.624')
  })

  it.each([
    ['STREAM_DISABLED', { StreamSpecification: undefined }],
    ['STREAM_DISABLED', { LatestStreamArn: undefined }],
    ['STREAM_VIEW_TYPE', { StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' } }],
    ['STREAM_VIEW_TYPE', { StreamSpecification: { StreamEnabled: true, StreamViewType: 'OLD_IMAGE' } }],
    ['AWS_RESPONSE', { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEWER' } }],
    ['AWS_RESPONSE', { TableArn: 'nonsense' }],
    ['AWS_RESPONSE', { KeySchema: [] }],
    ['AWS_RESPONSE', { AttributeDefinitions: [] }],
    ['AWS_RESPONSE', { TableId: undefined, CreationDateTime: undefined }],
  ])('%s for %j', (code, changes) => {
    expect(() => read(changes)).toThrow(expect.objectContaining({ code }))
  })

  it('a stream that was turned off is known by its ARN, and its view type is not', () => {
    const { LatestStreamArn: streamArn, StreamSpecification: _, ...off } = complete
    const described = readTableDescription({ Table: { ...off, LatestStreamArn: streamArn } })
    expect(described).toMatchObject({ name: 'orders', streamArn, viewType: undefined })
    expect(readTableDescription({ Table: off })).toMatchObject({ streamArn: undefined, viewType: undefined })
  })

  it('an answer that is none is repeated', () => {
    for (const body of [undefined, null, [], {}, { Table: 1 }]) {
      expect(() => readTableDescription(body)).toThrow(expect.objectContaining({ code: 'AWS_RESPONSE' }))
    }
  })
})
