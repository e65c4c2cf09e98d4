import { describe, expect, it } from 'vitest'
import { begun, createMemoryLedger, delivered, ordersEntry } from '../../test/fixtures/memory-ledger.ts'
import type { MemoryLedger } from '../../test/fixtures/memory-ledger.ts'
import { alterShards } from './offset-alteration.ts'
import type { PositionWish, ShardWish } from './offset-alteration.ts'

/** p has ended, and c and d follow it; c has ended, and e follows it. w waits for d. */
const family = (): MemoryLedger =>
  createMemoryLedger(
    ordersEntry,
    begun('p'),
    delivered('p', '10', ['c', 'd']),
    begun('c', 'p'),
    delivered('c', '20', ['e']),
    begun('d', 'p'),
    delivered('d', '21'),
    begun('e', 'c'),
    { ...begun('w', 'd', 'e'), parent: undefined },
  )
const wish = (shardId: string, to: PositionWish): ShardWish => ({ tableArn: 'arn', streamArn: 'stream', shardId, to })
const to = (shardId: string, after: string | undefined): ShardWish => wish(shardId, { kind: 'at', after })
const end = (shardId: string, after: string): ShardWish => wish(shardId, { kind: 'end', after })
const without = (shardId: string): ShardWish => wish(shardId, { kind: 'forgotten' })
const code = (work: () => unknown): unknown => {
  try {
    return work()
  } catch (error) {
    return (error as { readonly code?: unknown }).code
  }
}

describe('altering the positions of several shards', () => {
  it('moves each, and leaves alone what stands there already', () => {
    const ledger = family()
    const all = [end('p', '10'), end('c', '0020'), to('d', '15'), to('e', '30'), to('w', undefined)]
    const change = alterShards(ledger.read(), all, 7)
    expect(change.shards.map(({ shardId }) => shardId)).toEqual(['d', 'e'])
    ledger.write(change.entries)
    expect(ledger.shard('d')).toMatchObject({ status: 'open', after: '15', generation: 1 })
    expect(ledger.shard('e')).toMatchObject({ status: 'open', after: '30', generation: 1 })
    expect(ledger.shard('p')).toMatchObject({ status: 'end', after: '10', generation: 0 })
  })

  it('does nothing when it is asked for the same once more, and the rest when only a part was written', () => {
    const ledger = family()
    const wishes = [to('d', '15'), to('e', '30')]
    const { entries } = alterShards(ledger.read(), wishes, 7)
    ledger.write(entries.slice(0, 1))
    const again = alterShards(ledger.read(), wishes, 8)
    expect(again.shards.map(({ shardId }) => shardId)).toEqual(['e'])
    ledger.write(again.entries)
    expect(alterShards(ledger.read(), wishes, 9)).toEqual({ entries: [], shards: [] })
  })

  it('forgets a shard with all that descends from it', () => {
    const ledger = family()
    ledger.write(alterShards(ledger.read(), [without('c')], 7).entries)
    expect(['c', 'e', 'w'].map((id) => ledger.shard(id))).toEqual([undefined, undefined, undefined])
    expect(ledger.shard('d')).toMatchObject({ after: '21' })
  })

  it('reads an ended shard again, and what descends from it behind it', () => {
    const ledger = family()
    const change = alterShards(ledger.read(), [to('c', '12'), without('e')], 7)
    ledger.write(change.entries)
    expect(ledger.shard('c')).toMatchObject({ status: 'open', after: '12' })
    expect(ledger.shard('e')).toBeUndefined()
    expect(change.shards.map(({ shardId }) => shardId).sort()).toEqual(['c', 'e', 'w'])
  })

  it.each<[string, readonly ShardWish[]]>([
    ['an unknown shard', [to('x', '1')]],
    ['an unknown stream', [{ ...to('d', '1'), streamArn: 'other' }]],
    ['a shard twice', [to('d', '1'), to('d', '2')]],
    ['an end that is none', [end('d', '21')]],
    ['an end at another place', [end('c', '19')]],
    ['a shard that waits', [to('w', '3')]],
    ['a place behind a shard that is read again', [to('c', '12'), to('e', '30')]],
    ['a place as it is behind a shard that is read again', [to('p', '9'), to('d', '21')]],
    ['a place behind a shard that is forgotten', [without('p'), to('d', '22')]],
  ])('refuses %s, and with it all', (_, wishes) => {
    expect(code(() => alterShards(family().read(), wishes, 7))).toBe('OFFSET_INVALID')
  })

  it('refuses a stream that is not the present one of its table', () => {
    const replaced = { ...ordersEntry, version: 5, table: { ...ordersEntry.table, streamArn: 'newer' } }
    const ledger = family()
    ledger.write([{ lane: 0, entry: replaced }])
    expect(code(() => alterShards(ledger.read(), [to('d', '15')], 7))).toBe('OFFSET_INVALID')
  })
})
