import type { Shape } from '../../shapes/shape.ts'
import { anyFieldNames, listOf, nullDefault, optional } from './settings.ts'
import { fieldsStep, renamed } from './sides.ts'
import { stepType } from './step-type.ts'

const pairs = listOf('a list of pairs `old:new`', pairOf, 0)

/** Leaves fields out, and gives others new names. Where two fields meet in one name, the later one stays. */
export const replaceField = stepType({
  name: 'ReplaceField',
  hasSides: true,
  documentation: 'Leaves out fields, or gives them other names.',
  settings: {
    exclude: optional(anyFieldNames, 'Fields to leave out; goes before `include`.'),
    include: optional(anyFieldNames, 'The only fields to keep.'),
    renames: optional(pairs, 'New names, as `old:new`. Filters see the old ones.'),
    'replace.null.with.default': nullDefault,
  },
  create(values, side) {
    const exclude = new Set(values.exclude)
    const include = new Set(values.include)
    const renames = new Map(values.renames)
    const nameFor = (name: string): string | undefined => {
      if (exclude.has(name) || (include.size > 0 && !include.has(name))) return undefined
      return renames.get(name) ?? name
    }
    return fieldsStep(
      side,
      (document) => renamed(document, nameFor),
      (shape) => shapeOf(shape, nameFor, include.size === 0),
    )
  },
})

/** Fields that the shape does not name keep their place in its rest. */
function shapeOf(shape: Shape, nameFor: (name: string) => string | undefined, isOpen: boolean): Shape {
  const named = new Map(
    shape.fields.flatMap((field) => {
      const name = nameFor(field.name)
      return name === undefined ? [] : [[name, { ...field, name }] as const]
    }),
  )
  const isRestLeft = isOpen || shape.rest === undefined || nameFor(shape.rest) !== undefined
  return { ...shape, fields: [...named.values()], rest: isRestLeft ? shape.rest : undefined }
}

function pairOf(text: string): readonly [string, string] | undefined {
  const [from, to, ...more] = text.split(':')
  if (from === undefined || to === undefined || more.length > 0 || from === '' || to === '') return undefined
  return [from, to]
}
