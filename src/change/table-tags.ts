/** A tag that a table must have. */
export interface TagCondition {
  readonly key: string
  /** One of these must be its value; undefined means that any will do. */
  readonly values: readonly string[] | undefined
}

/** The longest list of conditions, and of values of one, that AWS takes. */
export const maxTagConditions = 50
export const maxTagValues = 20

/** What AWS lets a key or a value consist of, but `=`, which ends the key here. */
const key = /^[\p{L}\p{Z}\p{N}_.:/+@-]{1,128}$/u
const value = /^[\p{L}\p{Z}\p{N}_.:/=+@-]{0,256}$/u

/** Reads `key` or `key=value1|value2`; undefined for anything else. */
export function parseTagCondition(text: string): TagCondition | undefined {
  const at = text.indexOf('=')
  if (at < 0) return key.test(text) ? { key: text, values: undefined } : undefined
  const values = text.slice(at + 1).split('|')
  const isRight = key.test(text.slice(0, at)) && values.length <= maxTagValues && values.every((one) => value.test(one))
  return isRight ? { key: text.slice(0, at), values } : undefined
}

/** The condition as it is written. */
export function tagConditionText({ key: name, values }: TagCondition): string {
  return values === undefined ? name : `${name}=${values.join('|')}`
}

/** The first of the conditions, all of which must hold, that these tags do not fulfil; undefined if they fulfil all. */
export function missingTag(
  tags: ReadonlyMap<string, string>,
  conditions: readonly TagCondition[],
): TagCondition | undefined {
  return conditions.find(({ key: name, values }) => {
    const actual = tags.get(name)
    return actual === undefined || (values !== undefined && !values.includes(actual))
  })
}
