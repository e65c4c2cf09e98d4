import { isJsonObject } from '../../aws/json-object.ts'
import { TailraceError } from '../../errors.ts'

/** Reads a list of `Key` and `Value`, as all of AWS writes tags. Throws AWS_RESPONSE for anything else. */
export function readTags(list: unknown, action: string): ReadonlyMap<string, string> {
  const tags = new Map<string, string>()
  for (const one of Array.isArray(list) ? list : [undefined]) {
    const key: unknown = isJsonObject(one) ? one['Key'] : undefined
    const value: unknown = isJsonObject(one) ? one['Value'] : undefined
    if (typeof key !== 'string' || typeof value !== 'string')
      throw new TailraceError('AWS_RESPONSE', `${action} answered without readable tags`)
    tags.set(key, value)
  }
  return tags
}
