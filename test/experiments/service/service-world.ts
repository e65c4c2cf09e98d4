import { seededRng } from '../../../src/async/rng.ts'
import type { Rng } from '../../../src/async/rng.ts'
import { systemClock as clock } from '../../../src/async/system-clock.ts'
import type { WrittenChange } from '../../../src/oracle/oracle.ts'
import { connectKafka } from '../../servers/connected-kafka.ts'
import { connectTo } from '../../servers/stream-simulator/simulator-client.ts'
import { startTaggingFront } from '../../servers/tagging-front.ts'
import { watchCommitted } from '../proxied/committed-watch.ts'
import type { CommittedWatch } from '../proxied/committed-watch.ts'
import { createServiceSight } from './service-sight.ts'
import type { ServedConnector, ServiceSight } from './service-sight.ts'
import type { ServicePlan } from './service-plan.ts'
import { openServiceSlots } from './service-slots.ts'
import type { ServiceSlots } from './service-slots.ts'
import { createTableLife, tagKey } from './table-life.ts'
import type { TableLife } from './table-life.ts'

/** The servers that a run uses. They see no other run at the same time. */
export interface ServiceServers {
  readonly bootstrapServers: string
  /** Of DynamoDB Local. */
  readonly dynamodb: string
  /** A folder for the logs of all processes. */
  readonly directory: string
}

/** Everything that a run consists of. */
export interface ServiceWorld extends AsyncDisposable {
  readonly plan: ServicePlan
  /** For the choices of faults. */
  readonly rng: Rng
  readonly slots: ServiceSlots
  readonly sight: ServiceSight
  readonly tables: readonly TableLife[]
  readonly connectors: readonly ServedConnector[]
  /** Of all topics; what is not yet seen is counted of tables that have their tag throughout, until everything is awaited. */
  readonly watch: CommittedWatch
  /** From now on what was written to any table counts as unseen until it is read. */
  awaitEverything(): void
}

/** All topics have so many partitions. */
const partitions = 2
const lanes = 3
const rediscoveryMs = 2_000
/** Sixty tables that three processes ask in turn must leave two cores time for what is looked at. */
const idleMs = 400

/** Everything but tables, connectors and processes is there; what has been started ends when a later part does not start. */
export async function openServiceWorld(plan: ServicePlan, servers: ServiceServers): Promise<ServiceWorld> {
  await using stack = new AsyncDisposableStack()
  const front = stack.use(await startTaggingFront(servers.dynamodb))
  const home = {
    front: stack.use(connectTo(front.endpoint)),
    items: stack.use(connectTo(servers.dynamodb)),
  }
  const connectors = plan.pipelines.map((kinds, index): ServedConnector => {
    const name = `shop-${String(index).padStart(2, '0')}`
    const tables = kinds.map((kind, at) => {
      const rng = seededRng(plan.seed * 65_537 + index * 16 + at)
      return createTableLife(home, { name: `${name}-${kind}-${at}`, kind, connector: name }, rng)
    })
    return { name, tables, table: tables[0]?.name ?? '', config: configOf(name, front.endpoint) }
  })
  const tables = connectors.flatMap((connector) => connector.tables)
  stack.defer(async () => {
    for (const table of tables) if (table.writer !== undefined) await table.drop()
  })
  const slots = stack.use(
    await openServiceSlots({
      directory: servers.directory,
      places: plan.processes,
      properties: propertiesOf(plan, servers, front.endpoint),
    }),
  )
  const sight = stack.use(createServiceSight(slots.urls))
  const kafka = stack.use(connectKafka(servers.bootstrapServers))
  const known = knownTables(tables)
  const topics = new Map(tables.map(({ topic, name }) => [topic, name]))
  const tempo = { topicsMs: 2_000, maxWaitMs: 500 }
  const watch = stack.use(watchCommitted({ kafka, topics, written: known.written, tempo }))
  const owned = stack.move()
  return {
    plan,
    rng: seededRng(plan.seed),
    slots,
    sight,
    tables,
    connectors,
    watch,
    awaitEverything: known.awaitEverything,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Of those that may lack their tag for a while nothing is behind meanwhile. */
function knownTables(tables: readonly TableLife[]): {
  readonly written: () => readonly (readonly WrittenChange[])[]
  readonly awaitEverything: () => void
} {
  let awaited = tables.filter(({ kind }) => kind === 'steady')
  const others = tables.filter((table) => !awaited.includes(table))
  return {
    written: () => awaited.map(({ owed }) => owed),
    awaitEverything: () => {
      awaited = [...awaited, ...others]
    },
  }
}

function configOf(name: string, endpoint: string): Readonly<Record<string, string>> {
  return {
    name,
    'connector.class': 'tailrace.TailraceSourceConnector',
    'source.region': 'eu-central-1',
    'source.endpoint': endpoint,
    'source.tables.tags': `${tagKey}=${name}`,
    'source.tables.rediscovery.ms': String(rediscoveryMs),
    'source.start': 'TRIM_HORIZON',
    'snapshot.mode': 'never',
    'topic.prefix': name,
    'topic.partitions': String(partitions),
    'poll.idle.max.ms': String(idleMs),
    lanes: String(lanes),
  }
}

function propertiesOf(
  { sessionTimeoutMs }: ServicePlan,
  { bootstrapServers }: ServiceServers,
  endpoint: string,
): Readonly<Record<string, string>> {
  return {
    'bootstrap.servers': bootstrapServers,
    'group.id': `service-${Math.floor(clock.now())}`,
    'connector.endpoints.allow': endpoint,
    'session.timeout.ms': String(sessionTimeoutMs),
    'heartbeat.interval.ms': '500',
    'process.timeout.ms': '7000',
  }
}
