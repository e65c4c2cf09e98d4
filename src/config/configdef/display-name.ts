const acronyms: ReadonlyMap<string, string> = new Map(
  [
    'AWS',
    'ARN',
    'ID',
    'IDs',
    'URL',
    'TLS',
    'SSL',
    'SASL',
    'JAAS',
    'CA',
    'PEM',
    'JSON',
    'HTTP',
    'HMAC',
    'API',
    'STS',
    'OAuth',
    'Kafka',
    'Kinesis',
    'DynamoDB',
    'Glue',
    'Lambda',
    'S3',
  ].map((word) => [word.toLowerCase(), word]),
)

/** A property's name for people: `source.role.arn` is "Source role ARN", `poll.idle.max.ms` "Poll idle max (ms)". */
export function displayName(name: string): string {
  const parts = name.split(/[._]/).map((part) => acronyms.get(part) ?? part)
  const unit = parts.at(-1) === 'ms' ? parts.pop() : undefined
  const text = parts.join(' ')
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${unit === undefined ? '' : ` (${unit})`}`
}
