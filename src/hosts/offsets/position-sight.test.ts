import { describe, expect, it } from 'vitest'
import { ordersEntry } from '../../../test/fixtures/memory-ledger.ts'
import { systemClock } from '../../async/system-clock.ts'
import { TailraceError } from '../../errors.ts'
import { createMemorySource } from '../../testing/memory-source.ts'
import type { MemorySource } from '../../testing/memory-source.ts'
import { createPositionSight } from './position-sight.ts'
import type { Sighting } from './position-sight.ts'

const never = new AbortController().signal
const records = (...numbers: readonly number[]) =>
  numbers.map((number) => ({
    sequenceNumber: `${number}`,
    wire: { dynamodb: { SequenceNumber: `${number}` } },
  }))

/** Shard a is open and holds 10 to 50, shard b has ended at 30. */
const setUp = (): MemorySource => {
  const source = createMemorySource(ordersEntry.table, systemClock, 2)
  source.addShard('a')
  source.append('a', records(10, 20, 30, 40, 50))
  source.addShard('b')
  source.append('b', records(10, 20, 30))
  source.close('b')
  return source
}
const look = (source: MemorySource, shardId: string, after: string, delivered?: string): Promise<Sighting> =>
  createPositionSight(source, systemClock).look({ streamArn: 'stream', shardId, after, delivered }, never)

describe('the sight of a position', () => {
  it.each<[string, string, string | undefined, Sighting]>([
    ['a', '20', '40', 'there'],
    ['a', '40', '20', 'there'],
    ['a', '50', undefined, 'there'],
    ['a', '45', '20', 'there'],
    ['a', '51', '20', 'beyond'],
    ['a', '999', undefined, 'beyond'],
    ['b', '20', '30', 'there'],
    ['b', '30', '10', 'there'],
    ['b', '31', '30', 'beyond'],
    ['c', '1', '1', 'trimmed'],
  ])('tells of shard %s at %s, delivered up to %s, that it is %4$s', async (shardId, after, delivered, expected) => {
    expect(await look(setUp(), shardId, after, delivered)).toBe(expected)
  })

  it('tells what lies in front of a shard', async () => {
    const source = setUp()
    const listShards: MemorySource['listShards'] = async (...rest) => {
      const { shards, status } = await source.listShards(...rest)
      return { status, shards: shards.map((shard) => ({ ...shard, startingSequenceNumber: '10' })) }
    }
    const position = { streamArn: 'stream', shardId: 'a', after: '9', delivered: '20' }
    const sight = createPositionSight({ ...source, listShards }, systemClock)
    expect(await sight.look(position, never)).toBe('before')
  })

  it('tells of a trimmed position, and hands on every other trouble', async () => {
    const source = setUp()
    source.fail('a', new TailraceError('STREAM_GAP', 'trimmed'))
    expect(await look(source, 'a', '20', '40')).toBe('trimmed')
    source.fail('a', new TailraceError('AWS_ACCESS_DENIED', 'no'))
    await expect(look(source, 'a', '20', '40')).rejects.toMatchObject({ code: 'AWS_ACCESS_DENIED' })
  })
})
