import { expect, test } from 'vitest'
import { murmur2, partitionOfKey } from './partitioner.ts'

// The vectors of Apache Kafka's own UtilsTest.testMurmur2.
test.each([
  ['21', -973_932_308],
  ['foobar', -790_332_482],
  ['a-little-bit-long-string', -985_981_536],
  ['a-little-bit-longer-string', -1_486_304_829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58_897_971],
  ['abc', 479_470_107],
])('murmur2 of %j is what Java computes', (text, hash) => {
  expect(murmur2(Buffer.from(text))).toBe(hash)
})

test('the sign bit is cleared, not the sign folded', () => {
  expect(partitionOfKey(Buffer.from('21'), 10)).toBe((-973_932_308 & 0x7fff_ffff) % 10)
  expect(partitionOfKey(Buffer.from('foobar'), 7)).toBe((-790_332_482 & 0x7fff_ffff) % 7)
  expect(partitionOfKey(Buffer.alloc(0), 3)).toBeGreaterThanOrEqual(0)
})
