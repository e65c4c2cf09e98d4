import { describe, expect, it } from 'vitest'
import type { Item } from '../../change/attribute-value.ts'
import { movedLeases, positionOf, readLease } from './kcl-lease.ts'
import type { KclLease } from './kcl-lease.ts'

const row: Item = {
  leaseKey: { S: 'shardId-00000001732000000000-0a1b2c3d' },
  leaseCounter: { N: '1234' },
  leaseOwner: { S: 'datalake-KCL-orders-worker-task-1' },
  checkpoint: { S: '400000000000000000123' },
  checkpointSubSequenceNumber: { N: '0' },
  ownerSwitchesSinceCheckpoint: { N: '0' },
  parentShardId: { SS: ['shardId-00000001731900000000-ffffffff'] },
}
const lease: KclLease = {
  shardId: 'shardId-00000001732000000000-0a1b2c3d',
  checkpoint: '400000000000000000123',
  counter: '1234',
  owner: 'datalake-KCL-orders-worker-task-1',
}

describe('a row of a lease table', () => {
  it('is a lease as the library writes it, with or without an owner', () => {
    expect(readLease(row)).toEqual(lease)
    const { leaseOwner: _, ...given } = row
    expect(readLease(given)).toEqual({ ...lease, owner: undefined })
    expect(readLease({ ...row, leaseKey: { S: `1234:orders:5:${lease.shardId}` } })).toEqual(lease)
  })

  it.each([{}, { leaseKey: { S: 'x' } }, { checkpoint: { S: '1' } }, { leaseKey: { N: '1' }, checkpoint: { S: '1' } }])(
    'is none: %j',
    (item) => expect(readLease(item as Item)).toBeUndefined(),
  )

  it.each([
    ['400000000000000000123', { kind: 'after', sequenceNumber: '400000000000000000123' }],
    ['TRIM_HORIZON', { kind: 'begun' }],
    ['LATEST', { kind: 'begun' }],
    ['AT_TIMESTAMP', { kind: 'begun' }],
    ['SHARD_END', { kind: 'end' }],
  ])('says by the checkpoint %s where the worker was', (checkpoint, position) => {
    expect(positionOf({ ...lease, checkpoint })).toEqual(position)
  })

  it.each(['', 'SOMEWHERE', '12a', '-1'])('is refused with the checkpoint %j', (checkpoint) => {
    expect(() => positionOf({ ...lease, checkpoint })).toThrow(expect.objectContaining({ code: 'LEASES_UNUSABLE' }))
  })
})

describe('a lease moves', () => {
  const of = (...all: readonly KclLease[]): ReadonlyMap<string, KclLease> =>
    new Map(all.map((one) => [one.shardId, one]))

  it.each<readonly [string, Partial<KclLease>]>([
    ['is renewed', { counter: '1235' }],
    ['is taken', { owner: 'another' }],
    ['goes on', { checkpoint: 'SHARD_END' }],
  ])('if it %s', (_, change) => {
    expect(movedLeases(of(lease), of({ ...lease, ...change }))).toEqual([lease.shardId])
  })

  it('if it comes or goes, and not if nothing happens', () => {
    expect(movedLeases(of(), of(lease))).toEqual([lease.shardId])
    expect(movedLeases(of(lease), of())).toEqual([lease.shardId])
    expect(movedLeases(of(lease), of({ ...lease }))).toEqual([])
  })
})
