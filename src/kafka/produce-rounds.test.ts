import { describe, expect, it } from 'vitest'
import type { ProducerRecord } from './kafka.ts'
import { changesIn, createBatchLimits, cutRounds } from './produce-rounds.ts'

const record = (key: Buffer, value: Buffer | null, partition = 0): ProducerRecord => ({
  topic: 't',
  partition,
  key,
  value,
  headers: [],
  timestamp: 1,
})
const update = (bytes: number): ProducerRecord => record(Buffer.from('k'), Buffer.alloc(bytes))
const deletion = (bytes: number): readonly ProducerRecord[] => {
  const key = Buffer.from('k')
  return [record(key, Buffer.alloc(bytes)), record(key, null)]
}
const shape = (records: readonly ProducerRecord[], limit: number): readonly number[] =>
  cutRounds(records, createBatchLimits(limit)).map((round) => round[0]?.records.length ?? 0)

describe('rounds of batches', () => {
  it('are cut below the limit, in order', () => {
    expect(shape([update(400), update(400), update(400), update(400)], 1_000)).toEqual([2, 2])
  })
  it('give a record that is larger than the limit one of its own', () => {
    expect(shape([update(10), update(5_000), update(10)], 1_000)).toEqual([1, 1, 1])
  })
  it('are never cut between a delete and its tombstone', () => {
    for (let bytes = 300; bytes < 600; bytes++) {
      const records = [...deletion(bytes), ...deletion(bytes), ...deletion(bytes)]
      for (const [batch] of cutRounds(records, createBatchLimits(1_000))) {
        expect(batch?.records.length, `${bytes} bytes`).toSatisfy((length: number) => length % 2 === 0)
      }
    }
  })
  it('keep equal keys of different changes apart if they must', () => {
    expect(shape([update(900), record(Buffer.from('k'), null)], 930)).toEqual([1, 1])
  })
  it('count a delete and its tombstone as one change', () => {
    expect(changesIn([update(1), ...deletion(1), update(1)])).toBe(3)
  })
})
