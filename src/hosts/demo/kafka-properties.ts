/** One more door of a local broker, beside the plain one. */
export interface LocalKafkaListener {
  /** Letters, digits and underscores, such as `SASL_SSL`; not CONTROLLER, INTERNAL or PLAINTEXT, which exist. */
  readonly name: string
  readonly protocol: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'
  /** The host name that clients are told, which a certificate must carry. Default `127.0.0.1`. */
  readonly advertisedHost?: string
  /** The port that clients are told, when something stands between. Default: the listener's own. */
  readonly advertisedPort?: number
  /** Properties of this listener alone, without the `listener.name.<name>.` in front. */
  readonly properties?: Readonly<Record<string, string>>
}

/** What a local broker's `server.properties` depends on. */
export interface KafkaPropertiesInput {
  readonly dataFolder: string
  readonly ports: KafkaPorts
  readonly autoCreateTopics: boolean
  readonly advertisedPort?: number
  readonly listeners: readonly LocalKafkaListener[]
  readonly extraProperties: Readonly<Record<string, string>>
}

/** All on loopback. `internal` is the broker's own door, which nothing stands in front of. */
export interface KafkaPorts {
  readonly controller: number
  readonly internal: number
  readonly plain: number
  /** One for each additional listener, in order. */
  readonly listeners: readonly number[]
}

/**
 * The text of `server.properties` for a broker and controller in one process, with small internal topics, no waiting
 * before the first rebalance, and a small buffer for the log cleaner (128 MiB of heap by default). A killed broker can
 * register again only when its old session has timed out: 9 s by default, 3 s here.
 */
export function kafkaProperties(input: KafkaPropertiesInput): string {
  const properties: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'log.dirs': input.dataFolder,
    ...listenerProperties(input),
    'auto.create.topics.enable': String(input.autoCreateTopics),
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'group.initial.rebalance.delay.ms': '0',
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '300',
    'log.cleaner.dedupe.buffer.size': String(16 * 1024 * 1024),
    ...input.extraProperties,
  }
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`)
    .join('')
}

function listenerProperties({ ports, advertisedPort, listeners }: KafkaPropertiesInput): Record<string, string> {
  const doors = [
    { name: 'INTERNAL', protocol: 'PLAINTEXT', port: ports.internal, advertised: `127.0.0.1:${ports.internal}` },
    {
      name: 'PLAINTEXT',
      protocol: 'PLAINTEXT',
      port: ports.plain,
      advertised: `127.0.0.1:${advertisedPort ?? ports.plain}`,
    },
    ...listeners.map((listener, index) => {
      const port = ports.listeners[index] ?? 0
      const advertised = `${listener.advertisedHost ?? '127.0.0.1'}:${listener.advertisedPort ?? port}`
      return { name: listener.name, protocol: listener.protocol, port, advertised }
    }),
  ]
  const own = listeners.flatMap(({ name, properties = {} }) =>
    Object.entries(properties).map(([property, value]) => [`listener.name.${name.toLowerCase()}.${property}`, value]),
  )
  return {
    'controller.quorum.voters': `1@127.0.0.1:${ports.controller}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'INTERNAL',
    listeners: [
      ...doors.map(({ name, port }) => `${name}://127.0.0.1:${port}`),
      `CONTROLLER://127.0.0.1:${ports.controller}`,
    ].join(','),
    'advertised.listeners': doors.map(({ name, advertised }) => `${name}://${advertised}`).join(','),
    'listener.security.protocol.map': [
      'CONTROLLER:PLAINTEXT',
      ...doors.map(({ name, protocol }) => `${name}:${protocol}`),
    ].join(','),
    ...Object.fromEntries(own),
  }
}
