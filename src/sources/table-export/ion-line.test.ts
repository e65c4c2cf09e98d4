import { describe, expect, it } from 'vitest'
import { readIonLine } from './ion-line.ts'

describe('readIonLine', () => {
  it('reads the line of the documentation', () => {
    const line =
      '$ion_1_0 {Item:{Authors:$dynamodb_SS::["Author1","Author2"],Dimensions:"8.5 x 11.0 x 1.5",ISBN:"333-3333333333",Id:103.,InPublication:false,PageCount:6d2,Price:2d3,ProductCategory:"Book",Title:"Book 103 Title"}}'
    expect(readIonLine(line)).toEqual({
      Item: {
        Authors: { SS: ['Author1', 'Author2'] },
        Dimensions: { S: '8.5 x 11.0 x 1.5' },
        ISBN: { S: '333-3333333333' },
        Id: { N: '103' },
        InPublication: { BOOL: false },
        PageCount: { N: '600' },
        Price: { N: '2000' },
        ProductCategory: { S: 'Book' },
        Title: { S: 'Book 103 Title' },
      },
    })
  })

  it.each([
    ['2d3', '2000'],
    ['1.50', '1.5'],
    ['0.', '0'],
    ['-0.', '0'],
    ['-1.5d-3', '-0.0015'],
    ['12345678901234567890123456789012345678.', '12345678901234567890123456789012345678'],
    ['9.9999999999999999999999999999999999999d125', '9.9999999999999999999999999999999999999E125'],
    ['1d-130', '1E-130'],
    ['7', '7'],
  ])('keeps the number %s exactly', (written, expected) => {
    expect(readIonLine(`{Item:{n:${written},s:$dynamodb_NS::[${written}]}}`)).toEqual({
      Item: { n: { N: expected }, s: { NS: [expected] } },
    })
  })

  it('reads every type, nested, and names of any kind', () => {
    const line = String.raw`$ion_1_0 {"Item":{'a b':null,'$10':{{aGVsbG8=}},'__proto__':"x\n\u00e9",'it\'s':[true,{m:{}},[]],b:$dynamodb_BS::[{{YQ==}}]}}`
    const read = readIonLine(line)['Item'] as Record<string, unknown>
    expect(Object.entries(read)).toEqual([
      ['a b', { NULL: true }],
      ['$10', { B: 'aGVsbG8=' }],
      ['__proto__', { S: 'x\né' }],
      ["it's", { L: [{ BOOL: true }, { M: { m: { M: {} } } }, { L: [] }] }],
      ['b', { BS: ['YQ=='] }],
    ])
  })

  it.each([
    '$ion_1_0 {Record:{Keys:{k:"1"},Metadata:{WriteTimestampMicros:1680109764000000.},NewImage:{k:"1"}}}',
    '$ion_1_0 {Keys:{k:"1"},Metadata:{WriteTimestampMicros:{N:1680109764000000.}},NewImage:{k:"1"}}',
    '$ion_1_0 {Keys:{k:"1"},Metadata:{WriteTimestampMicros:{N:"1680109764000000"}},NewImage:{k:"1"}}',
  ])('reads a change, wrapped or not, its time in any shape: %s', (line) => {
    expect(readIonLine(line)).toEqual({
      Keys: { k: { S: '1' } },
      Metadata: { WriteTimestampMicros: { N: '1680109764000000' } },
      NewImage: { k: { S: '1' } },
    })
  })

  it.each([
    ['', 'it is no struct where one belongs'],
    ['"secret"', 'it is no struct where one belongs'],
    ['{Item:{a:"secret"', 'it is not Ion text'],
    ['{Item:{a:"secret', 'it is not Ion text'],
    ['{Item:{a:{{secret}}}}', 'it is not Ion text'],
    ['{Item:{a:1.}} {Item:{}}', 'it holds more than one value'],
    ['{Item:{a:2e3}}', 'a value is of the Ion type float, which DynamoDB does not have'],
    ['{Item:{a:2024-01-01}}', 'a value is of the Ion type timestamp, which DynamoDB does not have'],
    ['{Item:{a:secret}}', 'a value is of the Ion type symbol, which DynamoDB does not have'],
    ['{Item:{a:$other::["secret"]}}', 'a list has an annotation that is not known'],
    ['{Item:{a:$dynamodb_SS::["secret",1.]}}', 'a set holds a value of another type'],
    ['{Item:{a:1.,a:2.}}', 'a struct has a name twice, or a value without a name'],
    ['{Item:null.struct}', 'it is no struct where one belongs'],
    ['{Item:"secret"}', 'it is no struct where one belongs'],
    ['{Item:{a:1d9999999}}', 'a number is beyond all bounds'],
    ['{Item:{},Metadata:"secret"}', 'it is no struct where one belongs'],
  ])('refuses %s and quotes nothing of it', (line, problem) => {
    expect(() => readIonLine(line)).toThrow(new SyntaxError(problem))
  })
})
