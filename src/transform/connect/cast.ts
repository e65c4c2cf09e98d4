import type { DocumentValue } from '../../change/document.ts'
import { castTypes, castValue, fieldTypeOf } from './cast-value.ts'
import type { CastType } from './cast-value.ts'
import { listOf, needed, nullDefault } from './settings.ts'
import { failed, fieldsStep, replaced, shown } from './sides.ts'
import { stepType } from './step-type.ts'

const spec = listOf(`a list of \`field:type\`, each type one of ${castTypes.join(', ')}`, pairOf, 1)

/** Makes other types of fields. */
export const cast = stepType({
  name: 'Cast',
  hasSides: true,
  documentation: 'Makes other types of fields.',
  settings: {
    spec: needed(spec, 'As `field:type`, with the types `int8` to `int64`, `float32`, `float64`, `boolean`, `string`.'),
    'replace.null.with.default': nullDefault,
  },
  create(values, side) {
    const types = new Map(values.spec)
    const change = (value: DocumentValue, name: string): DocumentValue | undefined => {
      const type = types.get(name)
      if (type === undefined) return undefined
      const made = castValue(value, type)
      if (made === undefined) throw failed(`field ${shown(name)} does not fit into ${type}`)
      return made
    }
    return fieldsStep(
      side,
      (document) => replaced(document, change),
      (shape) => ({
        ...shape,
        fields: shape.fields.map((field) => {
          const type = types.get(field.name)
          return type === undefined ? field : { ...field, type: fieldTypeOf(type) }
        }),
      }),
    )
  },
})

/** A name may have colons only if Connect's own reading allows them: it does not. */
function pairOf(text: string): readonly [string, CastType] | undefined {
  const [name, word, ...more] = text.split(':').map((part) => part.trim())
  const type = castTypes.find((one) => one === word?.toLowerCase())
  return name === undefined || type === undefined || more.length > 0 ? undefined : [name, type]
}
