import { describe, expect, it } from 'vitest'
import { parseFilterExpression } from './filter-expression.ts'

describe('a filter', () => {
  it('is read into placeholders, the same one for the same name or value', () => {
    expect(parseFilterExpression("status = 'open' AND (total >= 10 or total<-1.5e3) and status <> 'it''s'")).toEqual({
      expression: '#n0 = :v0 AND ( #n1 >= :v1 OR #n1 < :v2 ) AND #n0 <> :v3',
      names: { '#n0': 'status', '#n1': 'total' },
      values: { ':v0': { S: 'open' }, ':v1': { N: '10' }, ':v2': { N: '-1.5e3' }, ':v3': { S: "it's" } },
    })
  })

  it('takes paths, functions, lists, ranges and all literals', () => {
    const text = "attribute_exists(address.city) AND tags[0] IN ('a', 'b') AND n BETWEEN 1 AND 2 AND size(x) > 3"
    expect(parseFilterExpression(text)).toMatchObject({
      expression:
        'attribute_exists ( #n0 . #n1 ) AND #n2 [0] IN ( :v0 , :v1 ) AND #n3 BETWEEN :v2 AND :v3 AND size ( #n4 ) > :v4',
    })
    expect(parseFilterExpression('a = TRUE or b = false or not c = null')).toMatchObject({
      values: { ':v0': { BOOL: true }, ':v1': { BOOL: false }, ':v2': { NULL: true } },
    })
  })

  it('lets names be anything: reserved words, names of functions, and in quotes what is no word', () => {
    expect(parseFilterExpression('size > 1 AND "a b.c" = 1 AND "say ""x""" = 1 AND user-id = 1')).toMatchObject({
      names: { '#n0': 'size', '#n1': 'a b.c', '#n2': 'say "x"', '#n3': 'user-id' },
    })
  })

  it.each([
    ['', 'the filter is empty', 0],
    ['  ', 'the filter is empty', 0],
    ["a = 'open", 'the quote does not end', 4],
    ['"a = 1', 'the quote does not end', 0],
    ['a = 1; b', 'there is no such character in a filter: ;', 5],
    ['a = :v', 'there is no such character in a filter: :', 4],
    ['a[x]', 'there is no such character in a filter: [', 1],
  ])('is refused with the place of the fault: %j', (text, problem, at) => {
    expect(parseFilterExpression(text)).toEqual({ problem, at })
  })
})
