import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryItem, arbitraryName } from '../../../test/oracle/arbitrary-items.ts'
import { chainOf, origin, recordOf } from '../../../test/transforms/chain-of.ts'
import type { Properties } from '../../../test/transforms/chain-of.ts'
import type { Document, DocumentValue } from '../../change/document.ts'
import { TailraceError } from '../../errors.ts'

/** What no DynamoDB table gives, but a damaged answer might. */
const broken = fc.constantFrom<unknown>(
  {},
  { M: 'x' },
  { M: null },
  { L: 7 },
  { N: 'x' },
  { S: 1 },
  { X: 1 },
  { M: [] },
) as fc.Arbitrary<DocumentValue>
const name = fc.oneof(fc.constantFrom('a', 'b', 'after', 'before', 'op', '__proto__', 'constructor'), arbitraryName)
const value: fc.Arbitrary<DocumentValue> = fc.oneof(
  { weight: 6, arbitrary: arbitraryItem.map((item): DocumentValue => Object.values(item)[0] ?? { ITEM: item }) },
  { weight: 2, arbitrary: arbitraryItem.map((ITEM) => ({ ITEM })) },
  { weight: 1, arbitrary: arbitraryItem.map((DOC) => ({ DOC })) },
  { weight: 1, arbitrary: fc.oneof(fc.bigInt(), fc.integer()).map((INT) => ({ INT })) },
)
const documentOf = (one: fc.Arbitrary<DocumentValue>): fc.Arbitrary<Document> =>
  fc.array(fc.tuple(name, one), { maxLength: 8 }).map((entries) => Object.fromEntries(entries))

/** Each transform with names that the documents may have. */
function stepsFor(field: string, other: string): readonly Properties[] {
  const fields = [field, other].filter((one) => one !== '')
  if (fields.length === 0) return []
  const each = [
    { type: 'ReplaceField$Value', exclude: fields },
    { type: 'MaskField$Value', fields },
    { type: 'MaskField$Value', fields, replacement: '7' },
    { type: 'InsertField$Value', 'static.field': '__proto__', 'static.value': 'x' },
    { type: 'HeaderFrom$Value', fields, headers: fields.map(() => 'h'), operation: 'move' },
    { type: 'ValueToKey', fields },
    { type: 'ExtractField$Value', field: fields[0] ?? 'a' },
    { type: 'HoistField$Value', field: '__proto__' },
    { type: 'Flatten$Value' },
    { type: 'Cast$Value', spec: 'a:int64,b:string,after:float32,op:boolean,__proto__:int8' },
    { type: 'TimestampConverter$Value', field: fields[0] ?? 'a', 'target.type': 'string', format: 'yyyyMMddHHmm' },
    { type: 'ExtractNewRecordState', 'add.fields': 'op,source.x', 'add.headers': 'a,op,b' },
  ]
  return each
}

describe('any document', () => {
  it('passes, or fails with TRANSFORM_FAILED', () => {
    fc.assert(
      fc.property(documentOf(value), name, name, (document, field, other) => {
        for (const properties of stepsFor(field, other)) {
          try {
            chainOf([properties]).apply(recordOf(document, { schemaNames: { key: 'k', value: 'x.Envelope' } }), origin)
          } catch (error) {
            expect(error).toBeInstanceOf(TailraceError)
            expect(error).toMatchObject({ code: 'TRANSFORM_FAILED' })
            // Names may be shown, values may not.
            expect((error as Error).message.length).toBeLessThan(400)
          }
        }
      }),
      { numRuns: 400 },
    )
  })

  it('that is damaged harms nothing: serializing it will tell', () => {
    fc.assert(
      fc.property(documentOf(fc.oneof(broken, value)), name, name, (document, field, other) => {
        for (const properties of stepsFor(field, other)) {
          const chain = chainOf([properties])
          try {
            chain.apply(recordOf(document), origin)
          } catch (error) {
            // What is no error of ours is taken for an unreadable record by whoever calls.
            expect(error).toBeInstanceOf(Error)
          }
        }
        expect('x' in {}).toBe(false)
      }),
      { numRuns: 200 },
    )
  })

  it('keeps every field that it is not asked to change, whatever its name', () => {
    fc.assert(
      fc.property(documentOf(value), name, (document, field) => {
        const others = Object.entries(document).filter(([one]) => one !== field)
        const chain = (properties: Properties): Document =>
          chainOf([properties]).apply(recordOf(document), origin)?.value ?? {}
        // No list can name the empty name.
        if (field !== '')
          expect(Object.entries(chain({ type: 'ReplaceField$Value', exclude: [field] }))).toEqual(others)
        const hoisted = chain({ type: 'HoistField$Value', field: '__proto__' })
        expect(Object.entries(hoisted)).toEqual([['__proto__', { DOC: document }]])
        const inserted = chain({ type: 'InsertField$Value', 'static.field': '__proto__', 'static.value': 'x' })
        expect(Object.keys(inserted).sort()).toEqual([...new Set([...Object.keys(document), '__proto__'])].sort())
        expect(Object.getPrototypeOf(inserted)).toBe(Object.prototype)
      }),
      { numRuns: 200 },
    )
  })
})
