import type { AttributeValue } from '../attribute-value.ts'
import type { AttributePath } from './attribute-path.ts'

/** A condition on a change, as `parseCondition` reads it. In DynamoDB's language, and with DynamoDB's meaning. */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  | {
      readonly kind: 'compare'
      readonly operator: '=' | '<>' | '<' | '<=' | '>' | '>='
      readonly left: Operand
      readonly right: Operand
    }
  | { readonly kind: 'between'; readonly value: Operand; readonly low: Operand; readonly high: Operand }
  | { readonly kind: 'in'; readonly value: Operand; readonly list: readonly Operand[] }
  | { readonly kind: 'exists'; readonly attribute: ImagePath; readonly isWanted: boolean }
  | { readonly kind: 'type'; readonly attribute: ImagePath; readonly type: string }
  | { readonly kind: 'begins'; readonly value: Operand; readonly prefix: Operand }
  | { readonly kind: 'contains'; readonly value: Operand; readonly part: Operand }

/** What is compared. */
export type Operand =
  | { readonly kind: 'literal'; readonly value: AttributeValue }
  | ImagePath
  | { readonly kind: 'size'; readonly of: Operand }
  | { readonly kind: 'table' }
  | { readonly kind: 'operation' }

/** A place in an image of the change. `present`: in the new one, of a change that has none in the old one. */
export interface ImagePath {
  readonly kind: 'path'
  readonly image: 'present' | 'old' | 'new'
  readonly path: AttributePath
}
