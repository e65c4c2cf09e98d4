import type { Importance, PropertyType } from './property.ts'

/** One property of Kafka's clients that people paste, under Java's name or librdkafka's. */
export interface KafkaProperty {
  /** Other names of the same thing. */
  readonly aliases: readonly string[]
  readonly type: PropertyType
  readonly importance: Importance
  readonly documentation: string
  /** The whole value is a secret. */
  readonly isSecret: boolean
}

function used(documentation: string, about: Partial<KafkaProperty> = {}): KafkaProperty {
  return { aliases: [], type: 'text', importance: 'medium', isSecret: false, ...about, documentation }
}

/** The properties that have an effect, by their first name. */
export const usedKafkaProperties = {
  'bootstrap.servers': used('The brokers to begin with: `host:port`, separated by commas, or a YAML list. Required.', {
    aliases: ['metadata.broker.list'],
    type: 'list',
    importance: 'high',
  }),
  'security.protocol': used('`PLAINTEXT` (default), `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`.', { importance: 'high' }),
  'sasl.mechanism': used(
    '`PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512`, `OAUTHBEARER` or `AWS_MSK_IAM` (a token signed with the AWS credentials of the process).',
    { aliases: ['sasl.mechanisms'], importance: 'high' },
  ),
  'sasl.username': used('User name (or API key) for `PLAIN` and `SCRAM`.', { importance: 'high' }),
  'sasl.password': used('Password (or API secret) for `PLAIN` and `SCRAM`.', { importance: 'high', isSecret: true }),
  'sasl.jaas.config': used(
    "Java's form of the credentials: `PlainLoginModule`, `ScramLoginModule`, `OAuthBearerLoginModule` or `IAMLoginModule` with its options.",
    { importance: 'high', isSecret: true },
  ),
  'sasl.oauthbearer.token.endpoint.url': used(
    'Where `OAUTHBEARER` tokens come from (client-credentials grant); https, or http on loopback.',
  ),
  'sasl.oauthbearer.client.id': used('Client id for the token endpoint.', {
    aliases: ['sasl.oauthbearer.client.credentials.client.id'],
  }),
  'sasl.oauthbearer.client.secret': used('Client secret for the token endpoint.', {
    aliases: ['sasl.oauthbearer.client.credentials.client.secret'],
    isSecret: true,
  }),
  'sasl.oauthbearer.scope': used('Scope to ask the token endpoint for.', { importance: 'low' }),
  'sasl.oauthbearer.extensions': used('SASL extensions: `logicalCluster=lkc-1,identityPoolId=pool-1`.', {
    importance: 'low',
  }),
  'sasl.login.callback.handler.class': used(
    'Only to recognise MSK IAM in a pasted file; other classes have no effect.',
    { importance: 'low' },
  ),
  'sasl.client.callback.handler.class': used('As `sasl.login.callback.handler.class`.', { importance: 'low' }),
  'ssl.ca.location': used('PEM file of the authorities to trust; default: those that Node.js trusts.', {
    aliases: ['ssl.truststore.location'],
  }),
  'ssl.ca.pem': used('The same as text.', { aliases: ['ssl.truststore.certificates'], importance: 'low' }),
  'ssl.truststore.type': used('Must be `PEM` if given.', { importance: 'low' }),
  'ssl.certificate.location': used('PEM file of the client certificate and its chain.'),
  'ssl.certificate.pem': used('The same as text.', { aliases: ['ssl.keystore.certificate.chain'], importance: 'low' }),
  'ssl.key.location': used("PEM file of the client certificate's private key."),
  'ssl.key.pem': used('The same as text.', { aliases: ['ssl.keystore.key'], importance: 'low', isSecret: true }),
  'ssl.key.password': used('Password of the private key.', { importance: 'low', isSecret: true }),
  'ssl.keystore.location': used('PEM file that holds private key and certificate chain.'),
  'ssl.keystore.type': used('Must be `PEM` if given.', { importance: 'low' }),
  'ssl.endpoint.identification.algorithm': used(
    '`https` (default) compares certificate and host name; empty or `none` does not, which the log and `check` point out.',
    { importance: 'low' },
  ),
  'enable.ssl.certificate.verification': used(
    '`false` trusts every certificate, which the log and `check` point out.',
    {
      type: 'boolean',
      importance: 'low',
    },
  ),
  'client.id': used("Name of this client in the brokers' logs and quotas; default `tailrace.<pipeline>`.", {
    importance: 'low',
  }),
  'transaction.timeout.ms': used(
    'After this long (1,000 to 900,000; default 20,000) the broker ends a transaction whose owner has vanished. Readers of the topics wait that long at most.',
    { type: 'integer', importance: 'low' },
  ),
  'request.timeout.ms': used('How long one request may take (1,000 to 600,000; default 15,000).', {
    aliases: ['socket.timeout.ms'],
    type: 'integer',
    importance: 'low',
  }),
  'session.timeout.ms': used(
    'A worker that is silent for this long loses its lanes to the others (1,000 to 300,000; default 10,000). Brokers take 6,000 and more unless told otherwise.',
    { type: 'integer', importance: 'low' },
  ),
  'heartbeat.interval.ms': used(
    'How often a worker shows that it lives, and learns of changes in its group (100 to 60,000; default 1,000).',
    { type: 'integer', importance: 'low' },
  ),
  'compression.type': used('`none` (default), `gzip`, `snappy`, `lz4` or `zstd`: how record batches are compressed.', {
    aliases: ['compression.codec'],
    importance: 'medium',
  }),
  'socket.connection.setup.timeout.ms': used('How long a connection may take (100 to 600,000; default 10,000).', {
    type: 'integer',
    importance: 'low',
  }),
} as const satisfies Readonly<Record<string, KafkaProperty>>

/** The first name of one property that has an effect. */
export type KafkaPropertyName = keyof typeof usedKafkaProperties

/** What tailrace always does: a pasted value must say the same. Name → accepted values. */
export const fixedKafkaProperties: ReadonlyMap<string, readonly string[]> = new Map([
  ['acks', ['all', '-1']],
  ['request.required.acks', ['all', '-1']],
  ['enable.idempotence', ['true']],
  ['isolation.level', ['read_committed']],
])

/** Properties that would break the pipeline, with what to do instead. */
export const refusedKafkaProperties: ReadonlyMap<string, string> = new Map([
  ['group.id', 'the group is set by group.id at the top level of the file'],
  ['transactional.id', 'the transactional ids are made from the name of the pipeline'],
])

/** Accepted because pasted files hold them, without effect: each gives a note. */
export const unusedKafkaProperties: ReadonlySet<string> = new Set(
  `
  allow.auto.create.topics api.version.fallback.ms api.version.request auto.commit.interval.ms auto.offset.reset
  basic.auth.credentials.source basic.auth.user.info batch.num.messages batch.size
  bearer.auth.credentials.source bearer.auth.token broker.address.family broker.address.ttl
  broker.version.fallback buffer.memory check.crcs client.dns.lookup client.rack 
  compression.level  connections.max.idle.ms debug default.api.timeout.ms delivery.timeout.ms
  enable.auto.commit enable.auto.offset.store enable.metrics.push exclude.internal.topics fetch.max.bytes
  fetch.max.wait.ms fetch.min.bytes fetch.wait.max.ms group.instance.id group.protocol 
  interceptor.classes key.deserializer key.serializer linger.ms log_level log.connection.close max.block.ms
   max.in.flight max.in.flight.requests.per.connection max.partition.fetch.bytes max.poll.interval.ms
  max.poll.records max.request.size message.max.bytes message.send.max.retries message.timeout.ms
  metadata.max.age.ms metadata.max.idle.ms metadata.recovery.strategy metric.reporters metrics.num.samples
  metrics.recording.level metrics.sample.window.ms partition.assignment.strategy partitioner partitioner.class
  queue.buffering.max.kbytes queue.buffering.max.messages queue.buffering.max.ms receive.buffer.bytes
  reconnect.backoff.max.ms reconnect.backoff.ms retries retry.backoff.max.ms retry.backoff.ms sasl.login.class
  sasl.login.connect.timeout.ms sasl.login.read.timeout.ms sasl.login.refresh.buffer.seconds
  sasl.login.refresh.min.period.seconds sasl.login.refresh.window.factor sasl.login.refresh.window.jitter
  sasl.login.retry.backoff.max.ms sasl.login.retry.backoff.ms sasl.oauthbearer.method
  sasl.oauthbearer.scope.claim.name sasl.oauthbearer.sub.claim.name schema.registry.url
  schema.registry.basic.auth.user.info security.providers send.buffer.bytes 
  socket.connection.setup.timeout.max.ms socket.keepalive.enable socket.max.fails socket.nagle.disable
  socket.receive.buffer.bytes socket.send.buffer.bytes ssl.ca.certificate.stores ssl.cipher.suites
  ssl.enabled.protocols ssl.keymanager.algorithm ssl.keystore.password ssl.protocol ssl.provider
  ssl.secure.random.implementation ssl.trustmanager.algorithm ssl.truststore.password statistics.interval.ms
  topic.metadata.refresh.interval.ms value.deserializer value.serializer
  `
    .trim()
    .split(/\s+/),
)

/** The same declarations, for code that treats all alike. In the order of the documentation. */
export const kafkaPropertyList: ReadonlyMap<string, KafkaProperty> = new Map<string, KafkaProperty>(
  Object.entries(usedKafkaProperties),
)

const firstNames: ReadonlyMap<string, string> = new Map(
  [...kafkaPropertyList].flatMap(([name, { aliases }]) => [name, ...aliases].map((one) => [one, name] as const)),
)

/** The name under which a property is read: an alias becomes its first name; undefined if it has no effect. */
export function firstKafkaName(name: string): string | undefined {
  return firstNames.get(name)
}

/** Every name that a file may hold, for suggestions and the JSON Schema. */
export function allKafkaNames(): readonly string[] {
  return [...firstNames.keys(), ...fixedKafkaProperties.keys(), ...unusedKafkaProperties]
}
