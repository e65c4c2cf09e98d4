import { withoutTextKeys, withTextKeys } from '../../envelope/trustpilot-keys.ts'
import type { Serializer } from '../../serialize/serializer.ts'

/** The same serializer for records whose keys are texts: what it reads back are the key attributes of the table again. */
export function readingTextKeys(inner: Serializer): Serializer {
  return {
    prepare: (table, topic, signal) => inner.prepare(withTextKeys(table), topic, signal),
    serialize: (payload, topic) => inner.serialize(payload, topic),
    readKey: (key, table, name) => {
      const keys = inner.readKey(key, withTextKeys(table), name)
      return keys === undefined ? undefined : withoutTextKeys(keys, table)
    },
    isDelete: (value) => inner.isDelete(value),
  }
}
