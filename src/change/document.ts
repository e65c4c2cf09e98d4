import type { AttributeValue, Item } from './attribute-value.ts'

/**
 * A value inside a record as readers will see it: DynamoDB's own values, and what only we write. `INT` is a whole number
 * of ours, such as a time, which no `number.mode` touches. `DOC` is a nested document. `ITEM` is a whole image, whose
 * form (fields, JSON text, typed values) the serializer decides. `TYPED` is an item that
 * keeps DynamoDB's types whatever the form is.
 */
export type DocumentValue =
  | AttributeValue
  | { readonly INT: number | bigint }
  | { readonly DOC: Document }
  | { readonly ITEM: Item }
  | { readonly TYPED: Item }

/**
 * Fields by name, in the order in which they are written. As with items, any name is an own property, `__proto__` too:
 * make documents with `Object.fromEntries` or a spread, never by assignment.
 */
export type Document = Readonly<Record<string, DocumentValue>>
