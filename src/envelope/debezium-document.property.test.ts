import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryChange } from '../../test/oracle/arbitrary-items.ts'
import { jsonForms } from '../../test/oracle/json-forms.ts'
import { differencesOfRecord, wrapChange, writeChange } from '../../test/oracle/written-json.ts'
import { createJsonSerializer } from '../serialize/json-serializer.ts'
import { documentsOf } from './debezium-document.ts'

const plainForms = jsonForms.filter(({ schemasEnable }) => !schemasEnable)

describe('a Debezium payload, field by field', () => {
  it.each(plainForms)('is written byte for byte as the faster way does: numbers $numbers', (form) => {
    fc.assert(
      fc.property(arbitraryChange, (change) => {
        const fast = writeChange(change, form)
        const slow = createJsonSerializer(form).serialize(documentsOf(wrapChange(change)))
        expect(slow.map(({ key }) => key.toString())).toEqual(fast.map(({ key }) => key.toString()))
        expect(slow.map(({ value }) => value?.toString())).toEqual(fast.map(({ value }) => value?.toString()))
      }),
      { numRuns: 500 },
    )
  })

  it('says of an item that was read anew that it was, in both ways alike', () => {
    fc.assert(
      fc.property(arbitraryChange, fc.constantFrom('found', 'missing'), ({ table, event }, reselected) => {
        const payload = wrapChange({ table, event: { ...event, reselected } })
        const form = { numbers: 'exact', schemasEnable: false } as const
        const [fast] = createJsonSerializer(form).serialize(payload)
        const [slow] = createJsonSerializer(form).serialize(documentsOf(payload))
        expect(String(slow?.value)).toBe(String(fast?.value))
        expect(String(fast?.value)).toContain(`,"reselected":${reselected === 'found'}},"op":"`)
      }),
    )
  })

  it.each(jsonForms)('says the same in every form: numbers $numbers, schemas $schemasEnable', (form) => {
    fc.assert(
      fc.property(arbitraryChange, (change) => {
        const [record] = createJsonSerializer(form).serialize(documentsOf(wrapChange(change)))
        expect(differencesOfRecord(record, change, form)).toEqual([])
      }),
      { numRuns: 300 },
    )
  })
})
