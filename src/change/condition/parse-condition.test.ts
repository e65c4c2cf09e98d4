import { describe, expect, it } from 'vitest'
import { parseCondition } from './parse-condition.ts'

const path = (...steps: readonly (string | number)[]) => ({ kind: 'path', image: 'present', path: steps }) as const

describe('a condition', () => {
  it('binds NOT before AND before OR', () => {
    expect(parseCondition('not a = 1 and b = 2 or c = 3')).toEqual({
      kind: 'or',
      parts: [
        {
          kind: 'and',
          parts: [
            {
              kind: 'not',
              of: { kind: 'compare', operator: '=', left: path('a'), right: { kind: 'literal', value: { N: '1' } } },
            },
            { kind: 'compare', operator: '=', left: path('b'), right: { kind: 'literal', value: { N: '2' } } },
          ],
        },
        { kind: 'compare', operator: '=', left: path('c'), right: { kind: 'literal', value: { N: '3' } } },
      ],
    })
  })

  it('asks for images, the table and the operation', () => {
    expect(parseCondition(`$old."a b"[2].c <> $new.c AND $table IN ('x') AND $operation = 'INSERT'`)).toMatchObject({
      parts: [
        { left: { image: 'old', path: ['a b', 2, 'c'] }, right: { image: 'new', path: ['c'] } },
        { kind: 'in', value: { kind: 'table' } },
        { left: { kind: 'operation' } },
      ],
    })
  })

  it('lets attributes have the names of functions, and any name in quotes', () => {
    expect(parseCondition('size = 1')).toMatchObject({ left: path('size') })
    expect(parseCondition('"AND" = 1')).toMatchObject({ left: path('AND') })
    expect(parseCondition('size(size) = 1')).toMatchObject({ left: { kind: 'size', of: path('size') } })
  })

  it.each([
    ['', 'the condition is empty', 0],
    ['a', 'a comparison, BETWEEN or IN should stand here', 1],
    ['a =', 'a value or an attribute should stand here', 3],
    ['a = 1 b', 'the condition should end here, or go on with AND or OR', 6],
    ['(a = 1', ') should stand here', 6],
    ["a = 'open", 'the quote does not end', 4],
    ['a = 1; b', 'there is no such character in a condition', 5],
    ['a BETWEEN 1 OR 2', 'BETWEEN needs AND', 12],
    ['a IN 1', '( should stand here', 5],
    ['a < TRUE', 'only texts, numbers and binaries have an order', 2],
    ["attribute_type(a, 'X')", "attribute_type needs one of DynamoDB's types, such as 'S'", 18],
    ['begins_with(a, 1)', 'begins_with needs a text', 15],
    ['attribute_exists(1)', 'the name of an attribute should stand here', 17],
    ['$other.a = 1', 'an attribute should stand here; of a change there are $old, $new, $table and $operation', 0],
    ['$old = 1', '. should stand here', 5],
    ['NOT AND', 'the name of an attribute should stand here', 4],
  ])('is refused with the place of the fault: %j', (text, problem, at) => {
    expect(parseCondition(text)).toEqual({ problem, at })
  })

  it.each(['('.repeat(10_000), 'NOT '.repeat(10_000)])('is refused where it would overflow the stack', (text) => {
    expect(parseCondition(text)).toMatchObject({ problem: 'a condition nests at most 50 deep' })
  })
})
