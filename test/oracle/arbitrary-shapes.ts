import * as fc from 'fast-check'
import type { FieldShape, FieldType, Shape } from '../../src/shapes/shape.ts'
import { arbitraryName } from './arbitrary-items.ts'

/** What a format can hold; all else is left out. */
export interface ShapeLimits {
  /** Lists and maps of lists and maps. */
  readonly hasNestedLists: boolean
  /** Numbers of Protobuf's fields. */
  readonly hasNumbers: boolean
}

const scalar: fc.Arbitrary<FieldType> = fc.oneof(
  fc.constantFrom<FieldType>(
    { kind: 'string' },
    { kind: 'int32' },
    { kind: 'int64' },
    { kind: 'float' },
    { kind: 'double' },
    { kind: 'boolean' },
    { kind: 'bytes' },
    { kind: 'json' },
    { kind: 'typed' },
  ),
  fc
    .tuple(fc.integer({ min: 1, max: 38 }), fc.nat(38))
    .map(([precision, scale]): FieldType => ({ kind: 'decimal', precision, scale: Math.min(scale, precision) })),
)

/** Any shape; no two of its structs have one name, but one struct may be in it more than once. */
export function arbitraryShape({ hasNestedLists, hasNumbers }: ShapeLimits): fc.Arbitrary<Shape> {
  const { struct } = fc.letrec<{ type: FieldType; struct: FieldType; item: FieldType }>((tie) => ({
    item: fc.oneof({ maxDepth: 4 }, { arbitrary: scalar, weight: 3 }, tie(hasNestedLists ? 'type' : 'struct')),
    type: fc.oneof(
      { maxDepth: 4 },
      { arbitrary: scalar, weight: 5 },
      tie('item').map((items): FieldType => ({ kind: 'array', items })),
      tie('item').map((values): FieldType => ({ kind: 'map', values })),
      tie('struct'),
    ),
    struct: fc
      .record({
        fields: fc.uniqueArray(
          fc.record({
            name: arbitraryName,
            type: tie('type'),
            isOptional: fc.boolean(),
            doc: fc.option(fc.constantFrom('What it is', 'One line, with "quotes" */ and \\'), { nil: undefined }),
          }),
          { selector: ({ name }) => name, minLength: 1, maxLength: 6 },
        ),
        rest: fc.option(fc.constant('_rest'), { nil: undefined }),
        isTwice: fc.boolean(),
      })
      .map(({ fields, rest, isTwice }): FieldType => ({ kind: 'struct', shape: shapeOf(fields, rest, isTwice) })),
  }))
  return struct.map((type) => {
    if (type.kind !== 'struct') throw new Error('the root is a struct')
    return named(type, { next: 0, hasNumbers }).shape
  })
}

function shapeOf(fields: readonly FieldShape[], rest: string | undefined, isTwice: boolean): Shape {
  const own = fields.filter(({ name }) => name !== rest && name !== 'twin')
  const inner = own.find(({ type }) => type.kind === 'struct')
  const twin = isTwice && inner !== undefined ? [{ name: 'twin', type: inner.type, isOptional: true }] : []
  return { name: '', fields: [...own.map(withoutUndefined), ...twin], rest }
}

function withoutUndefined({ doc, ...field }: FieldShape): FieldShape {
  return doc === undefined ? field : { ...field, doc }
}

interface Naming {
  next: number
  readonly hasNumbers: boolean
}

type StructType = Extract<FieldType, { readonly kind: 'struct' }>

function named({ shape }: StructType, naming: Naming): StructType {
  const name = `shop.my-orders.Value${naming.next++}`
  const done = new Map<FieldType, FieldType>()
  const fields = shape.fields.map((field, index) => {
    const type = done.get(field.type) ?? renamed(field.type, naming)
    done.set(field.type, type)
    return { ...field, type, ...(naming.hasNumbers ? { number: index * 3 + 1 } : {}) }
  })
  return { kind: 'struct', shape: { name, fields, rest: shape.rest } }
}

function renamed(type: FieldType, naming: Naming): FieldType {
  switch (type.kind) {
    case 'array':
      return { kind: 'array', items: renamed(type.items, naming) }
    case 'map':
      return { kind: 'map', values: renamed(type.values, naming) }
    case 'struct':
      return named(type, naming)
    default:
      return type
  }
}
