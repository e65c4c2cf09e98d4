/** Properties that have an effect only beside certain values of others. */
interface Condition {
  /** A name, or with a dot at its end the beginning of several. */
  readonly names: readonly string[]
  /** One of these is enough. */
  readonly on: readonly string[]
  /** One of these words must be the value, or in the list. */
  readonly words: readonly string[]
}

const schemaFormats = ['avro', 'json-schema', 'protobuf']
const saslProtocols = ['SASL_PLAINTEXT', 'SASL_SSL']
const tlsProtocols = ['SSL', 'SASL_SSL']

const conditions: readonly Condition[] = [
  { names: ['source.kinesis.'], on: ['source.type'], words: ['kinesis'] },
  { names: ['source.streams.endpoint'], on: ['source.type'], words: ['dynamodb-streams'] },
  { names: ['snapshot.export.'], on: ['snapshot.source'], words: ['export', 'auto'] },
  {
    names: [
      'schema.registry.',
      'auto.register.schemas',
      'use.latest.version',
      'latest.',
      'normalize.',
      'schema.context.name',
    ],
    on: ['format.value', 'format.key'],
    words: schemaFormats,
  },
  { names: ['schema.registry.glue.'], on: ['schema.registry.type'], words: ['glue'] },
  { names: ['errors.deadletterqueue.'], on: ['errors.tolerance'], words: ['all'] },
  { names: ['oversize.claim.check.'], on: ['oversize.strategy'], words: ['claim-check-s3'] },
  { names: ['kafka.sasl.'], on: ['kafka.security.protocol'], words: saslProtocols },
  { names: ['kafka.ssl.'], on: ['kafka.security.protocol'], words: tlsProtocols },
]

/** What is of the process, or set by the service itself: no matter of a connector. */
const ofProcess: readonly string[] = ['epoch', 'http.', 'log.', 'metrics.', 'lambda.', 'secrets.allow']

/**
 * False for a property that has no effect beside the others. `valueOf` gives what is set or the default; undefined, which is
 * known from elsewhere perhaps, hides nothing.
 */
export function isVisible(name: string, valueOf: (name: string) => string | undefined): boolean {
  if (covers(ofProcess, name)) return false
  return conditions
    .filter(({ names, on }) => covers(names, name) && !on.includes(name))
    .every(({ on, words }) => {
      const values = on.map(valueOf).filter((value) => value !== undefined)
      return values.length === 0 || values.some((value) => value.split(',').some((word) => words.includes(word.trim())))
    })
}

/** Those of `names` whose visibility hangs on this one. */
export function dependentsOf(name: string, names: Iterable<string>): readonly string[] {
  const hanging = conditions.filter(({ on }) => on.includes(name)).flatMap((condition) => condition.names)
  return [...names].filter((each) => each !== name && covers(hanging, each))
}

function covers(patterns: readonly string[], name: string): boolean {
  return patterns.some((each) => (each.endsWith('.') ? name.startsWith(each) : name === each))
}
