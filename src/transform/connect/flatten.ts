import type { Document, DocumentValue } from '../../change/document.ts'
import type { FieldShape, FieldType, Shape } from '../../shapes/shape.ts'
import { anyText, defaulted } from './settings.ts'
import { fieldsStep, membersOf, shown, untold } from './sides.ts'
import { stepType } from './step-type.ts'

/** Makes one level of all: `address.city`. Lists and sets stay as they are. Of two fields of one name the later stays. */
export const flatten = stepType({
  name: 'Flatten',
  hasSides: true,
  documentation: 'Makes one level of nested fields, with joined names.',
  settings: { delimiter: defaulted(anyText, '.', 'Stands between the joined names.') },
  create: ({ delimiter }, side) =>
    fieldsStep(
      side,
      (document) => {
        const fields: [string, DocumentValue][] = []
        collect(document, '', delimiter, fields)
        return Object.fromEntries(fields)
      },
      (shape) => flatShape(shape, delimiter),
    ),
})

function collect(document: Document, prefix: string, delimiter: string, fields: [string, DocumentValue][]): void {
  for (const [name, value] of Object.entries(document)) {
    const path = joined(prefix, name, delimiter)
    const members = membersOf(value)
    if (members === undefined) fields.push([path, value])
    else collect(members, path, delimiter, fields)
  }
}

function joined(prefix: string, name: string, delimiter: string): string {
  return prefix === '' ? name : `${prefix}${delimiter}${name}`
}

/** Declared numbers of fields lose their meaning: those of several levels meet. */
function flatShape(shape: Shape, delimiter: string): Shape {
  const fields = new Map<string, FieldShape>()
  const add = (from: Shape, prefix: string, isOptional: boolean): void => {
    if (prefix !== '' && from.rest !== undefined) throw unknownFields(prefix)
    for (const field of from.fields) {
      const name = joined(prefix, field.name, delimiter)
      const isAbsent = isOptional || field.isOptional
      if (field.type.kind === 'struct') add(field.type.shape, name, isAbsent)
      else if (!mayHaveFields(field.type)) fields.set(name, { ...field, name, isOptional: isAbsent, number: undefined })
      // What the shape does not name goes into the rest.
      else if (shape.rest === undefined) throw unknownFields(name)
    }
  }
  add(shape, '', false)
  return { ...shape, fields: [...fields.values()] }
}

function mayHaveFields({ kind }: FieldType): boolean {
  return kind === 'map' || kind === 'json' || kind === 'typed'
}

function unknownFields(name: string): Error {
  return untold(`nobody knows which fields ${shown(name)} will have; declare them`)
}
