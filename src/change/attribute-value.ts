/**
 * A DynamoDB value as it travels on the wire (DynamoDB JSON). Exactly one member is present. Numbers are decimal text
 * of up to 38 digits and never become a JavaScript number; binaries are base64 text; sets have no order.
 */
export type AttributeValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: string }
  | { readonly BOOL: boolean }
  | { readonly NULL: true }
  | { readonly M: Item }
  | { readonly L: readonly AttributeValue[] }
  | { readonly SS: readonly string[] }
  | { readonly NS: readonly string[] }
  | { readonly BS: readonly string[] }

/**
 * Attributes by name, as `JSON.parse` makes them: any name is an own property, `__proto__` too. Walk it with
 * `Object.keys`; never copy it by assignment, never merge it into another object.
 */
export type Item = Readonly<Record<string, AttributeValue>>
