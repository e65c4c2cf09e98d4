import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeTogether, objectsIn } from './parse-together.ts'

/** What each record says by itself. */
function oneByOne(records: readonly Buffer[]): readonly unknown[] {
  return records.map((data) => {
    try {
      const parsed: unknown = data[0] === 0x7b ? JSON.parse(data.toString()) : undefined
      return typeof parsed === 'object' && parsed !== null ? parsed : undefined
    } catch {
      return undefined
    }
  })
}

const objects = fc
  .dictionary(fc.constantFrom('a', 'b', 'c'), fc.jsonValue({ maxDepth: 2 }))
  .map((value) => JSON.stringify(value))
/** Pieces of JSON that make something else of their neighbours when texts are put together without care. */
const pieces = fc.constantFrom(
  '{',
  '}',
  '{"a":[1',
  '2]}',
  '{"a":1},{"b":2}',
  '{"a":1}]',
  '[{"a":1}',
  '{"a":"',
  '"}',
  '',
  '1',
)

test('records are read together as each is by itself', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 4, arbitrary: objects }, pieces), { size: 'max', maxLength: 12 }),
      (texts) => {
        const records = texts.map((text) => Buffer.from(text))
        expect(objectsIn(records)).toEqual(oneByOne(records))
      },
    ),
    { numRuns: 500 },
  )
})

test('records that hold halves of objects are not put together', () => {
  const records = ['{"a":1},{"b":2}', '{"a":[1', '2]}', '{"c":3}'].map((text) => Buffer.from(text))
  expect(objectsIn(records)).toEqual([undefined, undefined, undefined, { c: 3 }])
})

test('more than fits into one text keeps its order', () => {
  const records = Array.from({ length: 5 }, (_, n) => Buffer.from(JSON.stringify({ n, text: 'x'.repeat(400_000) })))
  expect(objectsIn(records).map((object) => object?.['n'])).toEqual([0, 1, 2, 3, 4])
  expect(objectsIn([])).toEqual([])
})

test('bytes that are no UTF-8 are read in the same way', () => {
  const broken = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xe2, 0x82]), Buffer.from('"}')])
  const cut = Buffer.concat([Buffer.from('{"a":1}'), Buffer.from([0xe2])])
  const records = [broken, broken, cut, broken]
  expect(objectsIn(records.slice(0, 2))).toEqual(oneByOne(records.slice(0, 2)))
  expect(objectsIn(records)).toEqual([{ a: '\uFFFD' }, { a: '\uFFFD' }, undefined, { a: '\uFFFD' }])
})

const base64 = (texts: readonly string[]): readonly string[] =>
  texts.map((text) => Buffer.from(text).toString('base64'))

test('records that were decoded together are what they are by themselves, all of them and some', () => {
  const some = fc.record({
    texts: fc.array(fc.oneof({ weight: 8, arbitrary: objects }, pieces), { size: 'max', maxLength: 12 }),
    from: fc.nat(3),
    leftOut: fc.nat(12),
    // What is taken out of a package is a part of its bytes.
    cut: fc.boolean(),
  })
  fc.assert(
    fc.property(some, ({ texts, from, leftOut, cut }) => {
      const all = decodeTogether(base64(texts))
      expect(all.map(String)).toEqual(texts)
      expect(objectsIn(all)).toEqual(oneByOne(all))
      const records = all.slice(from).toSpliced(leftOut, 1)
      const mixed = cut ? records.flatMap((data) => [data, data.subarray(0, data.length - 1)]) : records
      expect(objectsIn(mixed)).toEqual(oneByOne(mixed))
      expect(objectsIn([...mixed, ...all, ...all])).toEqual(oneByOne([...mixed, ...all, ...all]))
    }),
    { numRuns: 500 },
  )
})

test('records that were decoded together into several buffers keep their order', () => {
  const texts = Array.from({ length: 7 }, (_, n) => JSON.stringify({ n, text: 'ń'.repeat(200_000) }))
  const records = decodeTogether(base64(texts))
  expect(records.map(String)).toEqual(texts)
  expect(objectsIn(records).map((object) => object?.['n'])).toEqual([0, 1, 2, 3, 4, 5, 6])
  expect(objectsIn(records.slice(1)).map((object) => object?.['n'])).toEqual([1, 2, 3, 4, 5, 6])
  expect(decodeTogether([])).toEqual([])
})

test('what is no base64 is decoded as it always is', () => {
  const texts = ['e30', 'e30=\n', '', '%%', 'e_-30', '====']
  expect(decodeTogether(texts)).toEqual(texts.map((text) => Buffer.from(text, 'base64')))
})
