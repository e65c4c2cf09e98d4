import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryChange } from '../../test/oracle/arbitrary-items.ts'
import { violatedDebeziumRules } from '../../test/oracle/debezium-rules.ts'
import { jsonForms } from '../../test/oracle/json-forms.ts'
import { differencesOfRecord, wrapChange, writeChange } from '../../test/oracle/written-json.ts'
import { createJsonSerializer } from './json-serializer.ts'
import type { JsonSerializerOptions } from './json-serializer.ts'
import type { SerializedRecord } from './serializer.ts'

const plain: JsonSerializerOptions = { numbers: 'exact', schemasEnable: false }

describe('createJsonSerializer, for any change', () => {
  it('keeps the rules of the readers of Debezium records in all forms', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryChange, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(...jsonForms),
        (changes, form) => {
          const records = changes.flatMap((change) => writeChange(change, form))
          expect(violatedDebeziumRules(records, { hasTombstones: true })).toEqual([])
        },
      ),
      { numRuns: 500 },
    )
  })

  it.each(jsonForms)(
    'writes images, key and source exactly, and describes each image where there is a schema: numbers $numbers, schemas $schemasEnable',
    (form) => {
      fc.assert(
        fc.property(arbitraryChange, (change) => {
          const [record] = writeChange(change, form)
          expect(differencesOfRecord(record, change, form)).toEqual([])
        }),
        { numRuns: 500 },
      )
    },
  )

  it('writes the same bytes whichever worker does it, and whatever came before', () => {
    fc.assert(
      fc.property(fc.array(arbitraryChange, { minLength: 2, maxLength: 6 }), (changes) => {
        const serializer = createJsonSerializer(plain)
        const together = changes.map((change) => serializer.serialize(wrapChange(change)).map(textOf))
        expect(together).toEqual(changes.map((change) => writeChange(change, plain).map(textOf)))
      }),
    )
  })
})

function textOf({ key, value }: SerializedRecord): string {
  return `${key.toString('utf8')}\n${value === null ? '(tombstone)' : value.toString('utf8')}`
}
