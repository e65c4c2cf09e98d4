import { TailraceError } from '../errors.ts'
import type { Shape } from './shape.ts'

/** Which structs are defined already, in a format that defines each once and refers to it by name after that. */
export interface StructDefinitions {
  /**
   * False for a struct that must be defined now, and is taken for defined from then on. `written` is its name in the format,
   * unique there. Throws SCHEMA_FORM if that name stands for another struct.
   */
  isDefined(shape: Shape, written: string): boolean
}

export function createStructDefinitions(): StructDefinitions {
  const known = new Map<string, { readonly name: string; readonly content: string }>()
  return {
    isDefined(shape, written) {
      // Everything in a shape is plain data, in the order in which it is written.
      const content = JSON.stringify(shape)
      const other = known.get(written)
      if (other === undefined) known.set(written, { name: shape.name, content })
      if (other === undefined || other.content === content) return other !== undefined
      const both =
        other.name === shape.name ? `two structs are named ${shape.name}; they` : `${other.name} and ${shape.name}`
      throw new TailraceError('SCHEMA_FORM', `${both} differ, and would both be written as ${written}`)
    },
  }
}
