import { describe, expect, test } from 'vitest'
import { fieldNames, schemaName } from './name-adjustment.ts'
import type { NameAdjustment } from './name-adjustment.ts'

describe('field names', () => {
  test.each([
    ['user_id', 'user_id', 'user_id'],
    ['pk#1', 'pk_1', 'pk_u00231'],
    ['1st-price', '_1st_price', '_u0031st_u002dprice'],
    ['a_b-c', 'a_b_c', 'a_u005fb_u002dc'],
    ['ключ', '____', '_u043a_u043b_u044e_u0447'],
    ['ģ', '_', '_u0123'],
    ['😀', '__', '_ud83d_ude00'],
    ['', '_', '_'],
  ])('%j becomes %s, or %s', (original, avro, unicode) => {
    expect(nameOf(original, 'avro')).toBe(avro)
    expect(nameOf(original, 'avro_unicode')).toBe(unicode)
  })

  test('a name that is not allowed is refused where none may be adjusted', () => {
    expect(nameOf('user_id', 'none')).toBe('user_id')
    expect(() => nameOf('user-id', 'none')).toThrow(
      'field "user-id" of shop.orders.Value must match [A-Za-z_][A-Za-z0-9_]* and may not be adjusted',
    )
  })

  test('two names that become one are refused by both names', () => {
    expect(() => namesOf(['user-id', 'a', 'user.id'], undefined, 'avro')).toThrow(
      'fields "user-id" and "user.id" of shop.orders.Value would both be written as user_id',
    )
    expect(() => namesOf(['a_u002db', 'a-b'], undefined, 'avro_unicode')).toThrow('would both be written as a_u002db')
    expect(() => namesOf(['-rest'], '_rest', 'avro')).toThrow('would both be written as _rest')
  })

  test('the field for the rest is the last', () => {
    expect(namesOf(['b', 'a'], '_rest', 'none')).toStrictEqual(['b', 'a', '_rest'])
  })
})

test('schema names are adjusted between their dots', () => {
  expect(schemaName('shop.2024.orders-x.Envelope', 'avro')).toBe('shop._2024.orders_x.Envelope')
  expect(schemaName('shop.orders-x.Key', 'avro_unicode')).toBe('shop.orders_u002dx.Key')
  expect(schemaName('shop..orders', 'avro')).toBe('shop._.orders')
  expect(() => schemaName('shop.orders-x.Key', 'none')).toThrow('schema name "shop.orders-x.Key" must match')
})

function nameOf(original: string, mode: NameAdjustment): string | undefined {
  return namesOf([original], undefined, mode)[0]
}

function namesOf(names: readonly string[], rest: string | undefined, mode: NameAdjustment): readonly string[] {
  const fields = names.map((name) => ({ name, type: { kind: 'string' as const }, isOptional: true }))
  return fieldNames({ name: 'shop.orders.Value', fields, rest }, mode)
}
