import { describe, expect, it } from 'vitest'
import { hclBlock, hclText, hclValue, snakeCase } from './hcl.ts'

describe('hclBlock', () => {
  it('aligns what stands in lines below each other, as terraform fmt does', () => {
    const inner = hclBlock('inner', { a: 1 })
    expect(hclBlock('resource "x" "y"', { a: 'one', longer: hclText('var.x'), map: { k: true }, z: [] }, [inner])).toBe(
      `resource "x" "y" {
  a      = "one"
  longer = var.x
  map = {
    k = true
  }
  z = []

  inner {
    a = 1
  }
}
`,
    )
    expect(hclBlock('data "x" "y"', {})).toBe('data "x" "y" {}\n')
  })

  it('quotes what would be a template', () => {
    expect(hclValue('a "b" \\ ${c} %{d}')).toBe('"a \\"b\\" \\\\ $${c} %%{d}"')
  })
})

describe('snakeCase', () => {
  it.each([
    ['SubnetIds', 'subnet_ids'],
    ['OrdersEU2StreamArn', 'orders_eu2_stream_arn'],
    ['VariableSHOP', 'variable_shop'],
  ])('%s is %s', (name, expected) => {
    expect(snakeCase(name)).toBe(expected)
  })
})
