/**
 * A header's text, whatever the client gives headers as: an object (kafkajs, confluent), a Map (platformatic), a list of pairs,
 * of `{key, value}` or of objects with one member (node-rdkafka). Of several headers of one name the last. Undefined if there
 * is none.
 */
export function headerOf(headers: unknown, name: string): string | undefined {
  let found: unknown
  for (const [key, value] of entriesOf(headers)) if (textOf(key) === name) found = value
  return textOf(Array.isArray(found) ? found.at(-1) : found)
}

function entriesOf(headers: unknown): Iterable<readonly [unknown, unknown]> {
  if (headers instanceof Map) return headers
  if (Array.isArray(headers)) return headers.flatMap((entry: unknown) => [...entriesOfOne(entry)])
  return isObject(headers) ? Object.entries(headers) : []
}

function entriesOfOne(entry: unknown): Iterable<readonly [unknown, unknown]> {
  if (Array.isArray(entry)) return [[entry[0], entry[1]]]
  if (!isObject(entry)) return []
  return 'key' in entry && 'value' in entry ? [[entry['key'], entry['value']]] : Object.entries(entry)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : undefined
}
