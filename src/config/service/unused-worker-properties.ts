const positions = 'positions are kept in the ledger of each pipeline'
const coordination = 'processes agree by the group of Kafka that they share'
const noPlugins = 'there are no plugins to load'
const converters = 'a service has no converters of its own'
const metrics = 'metrics are served at /metrics'
const origins = 'pages of other origins are named in rest.allowed.origins'

/**
 * Properties of Connect's workers that are accepted and have no effect, each with what finishes the sentence "without effect,
 * since …". A name that ends with a dot stands for all that begin with it.
 */
export const unusedWorkerProperties: ReadonlyMap<string, string> = new Map([
  ['offset.storage.', positions],
  ['offset.flush.', positions],
  ['exactly.once.source.support', 'delivery is exactly once'],
  ['plugin.path', noPlugins],
  ['plugin.discovery', noPlugins],
  ['rest.extension.classes', noPlugins],
  ['connector.plugin.', noPlugins],
  ['header.converter', 'headers are texts'],
  ['header.converter.', 'headers are texts'],
  ['internal.', converters],
  ['config.providers', 'references read what connector.secrets.allow names'],
  ['config.providers.', 'references read what connector.secrets.allow names'],
  ['config.storage.', 'topics are made as the service needs them'],
  ['status.storage.', 'topics are made as the service needs them'],
  ['connect.protocol', coordination],
  ['inter.worker.', coordination],
  ['rebalance.timeout.ms', coordination],
  ['scheduled.rebalance.max.delay.ms', coordination],
  ['worker.sync.timeout.ms', coordination],
  ['worker.unsync.backoff.ms', coordination],
  ['group.instance.id', coordination],
  ['task.shutdown.graceful.timeout.ms', 'lanes are handed over within a grace of their own'],
  ['topic.tracking.', 'the topics of a connector are those of its ledger'],
  ['access.control.allow.', origins],
  ['admin.listeners', 'everything is served on listeners'],
  ['admin.listeners.', 'everything is served on listeners'],
  ['rest.port', 'listeners says where the API is served'],
  ['rest.host.name', 'listeners says where the API is served'],
  ['response.http.headers.config', 'answers have the headers that protect them'],
  ['metric.reporters', metrics],
  ['metrics.', metrics],
  ['auto.include.jmx.reporter', metrics],
  ['enable.metrics.push', metrics],
  ['consumer.', 'one set of properties serves all clients'],
  ['admin.', 'one set of properties serves all clients'],
  ['listeners.https.', 'PEM files are all that TLS needs'],
])

/** Why a property has no effect; undefined for one that is not listed. The longest prefix decides. */
export function reasonUnused(name: string): string | undefined {
  const exact = name.endsWith('.') ? undefined : unusedWorkerProperties.get(name)
  if (exact !== undefined) return exact
  const [prefix] = [...unusedWorkerProperties.keys()]
    .filter((each) => each.endsWith('.') && name.startsWith(each) && name !== each)
    .toSorted((a, b) => b.length - a.length)
  return prefix === undefined ? undefined : unusedWorkerProperties.get(prefix)
}
