import { seededRng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import { createCredentialsCache } from '../../src/aws/credentials.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import type { PipelineConfig } from '../../src/config/pipeline-config.ts'
import { TailraceError } from '../../src/errors.ts'
import { runPipeline } from '../../src/hosts/assemble.ts'
import { openClaimCheckStore } from '../../src/hosts/claim-checks-of.ts'
import { openExports } from '../../src/hosts/exports-of.ts'
import { schemaRegistryOf } from '../../src/hosts/schema-registry-of.ts'
import { createSignalFile } from '../../src/hosts/signal-file.ts'
import { createCommittedReader } from '../../src/kafka/committed-reader.ts'
import { createWireGroupMembership } from '../../src/kafka/wire-group-membership.ts'
import type { PipelineEvent } from '../../src/pipeline/pipeline-event.ts'
import { createItemReader } from '../../src/sources/table-items/item-reader.ts'
import { createDynamoDbStreamsSource } from '../../src/sources/dynamodb-streams/dynamodb-streams-source.ts'
import { connectKafka } from './connected-kafka.ts'
import { connectTo } from './stream-simulator/simulator-client.ts'

/** A worker of a pipeline, in this process, on real time and a real broker. */
export interface WorkerUnderTest {
  readonly events: readonly PipelineEvent[]
  /** How the worker ended: rejects with what it died of. */
  readonly ended: Promise<void>
  /** Resolves with the first event of the kind, past or to come, that fits; rejects after `timeoutMs`. */
  seen<K extends PipelineEvent['kind']>(
    kind: K,
    fits?: (event: EventOf<K>) => boolean,
    timeoutMs?: number,
  ): Promise<EventOf<K>>
  /** In order, as SIGTERM does. */
  stop(): Promise<void>
}

type EventOf<K extends PipelineEvent['kind']> = Extract<PipelineEvent, { readonly kind: K }>

/** The configuration text of a test's pipeline: small, quick to notice things, and without snapshots unless asked for. */
export function configText(options: {
  readonly pipeline: string
  readonly endpoint: string
  readonly bootstrapServers: string
  readonly tables: readonly string[]
  /** Further lines, at the top level. */
  readonly more?: string
}): string {
  return `
pipeline: ${options.pipeline}
lanes: 3
source:
  region: eu-central-1
  endpoint: ${options.endpoint}
  tables: [${options.tables.join(', ')}]
kafka:
  bootstrap.servers: ${options.bootstrapServers}
topic.partitions: 2
${options.more?.includes('snapshot.mode') === true ? '' : 'snapshot.mode: never'}
${options.more ?? ''}
`
}

/** `files` are those beside the configuration, by path; there are no others. */
export function readConfig(text: string, files: Readonly<Record<string, string>> = {}): PipelineConfig {
  const readFile = (path: string): Buffer => {
    const found = files[path]
    if (found === undefined) throw new Error('a test reads no files')
    return Buffer.from(found)
  }
  return loadConfig({ text, path: '/pipeline.yaml', env: {}, readFile, realPath: (path) => path })
}

/** Starts a worker; it must be stopped, or have died, before the test ends. */
export function startWorker(config: PipelineConfig, seed = 1): WorkerUnderTest {
  const clock = systemClock
  const rng = seededRng(seed)
  const events: PipelineEvent[] = []
  const listeners = new Set<() => void>()
  const stop = new AbortController()
  const run = async (): Promise<void> => {
    const { brokers } = config.kafka
    await using kafka = connectKafka(brokers.join(','), { compression: config.kafka.compression })
    await using api = connectTo(config.source.endpoint ?? '')
    await using membership = createWireGroupMembership({
      connection: { brokers },
      clock,
      rng,
      group: config.groupId,
      topic: config.ledger.topic,
      sessionTimeoutMs: 2_000,
      heartbeatMs: 200,
    })
    const { tables, region } = config.source
    const alsoViewTypes = config.changes.reselects ? (['KEYS_ONLY', 'OLD_IMAGE'] as const) : []
    const polling = { idleCapMs: 200 }
    const tags = config.source.type === 'kinesis' ? [] : config.source.tags
    const source = createDynamoDbStreamsSource({ api, clock, rng, region, tables, tags, alsoViewTypes, polling })
    const items = createItemReader({ api, clock, rng })
    const onEvent = (event: PipelineEvent): void => {
      events.push(event)
      for (const listener of listeners) listener()
    }
    const coordinatorTuning = {
      stopCheckMs: 100,
      tableCheckMs: 500,
      exportCheckMs: 200,
      listingMs: 1_000,
      signalCheckMs: 100,
      progressMs: 500,
    }
    const credentials = createCredentialsCache({
      clock,
      load: () => Promise.resolve({ accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'local' }),
    })
    await using loading = await openExports(config, { api, credentials }, { clock, rng, env: {} })
    const exports = loading === undefined ? {} : { exports: loading.exports }
    await using claimChecks = await openClaimCheckStore(config, { credentials }, { clock, rng, env: {} })
    const checks = claimChecks === undefined ? {} : { claimChecks }
    await using registry =
      config.registry === undefined ? undefined : schemaRegistryOf(config.registry, { clock, rng, credentials })
    const { file } = config.signals
    const signalFile = file === undefined ? undefined : createSignalFile(file, { clock, rng })
    await runPipeline(
      config,
      {
        kafka,
        membership,
        source,
        clock,
        rng,
        onEvent,
        coordinatorTuning,
        signalFile,
        registry,
        items,
        ...exports,
        ...checks,
      },
      '0.0.0-test',
      stop.signal,
    )
  }
  const ended = run()
  ended.catch(() => {})
  return {
    events,
    ended,
    seen: (kind, fits = () => true, timeoutMs = 20_000) =>
      waitFor({ events, listeners, ended }, kind, { fits, timeoutMs }),
    stop: async () => {
      stop.abort(new Error('the test is over'))
      await ended
    },
  }
}

async function waitFor<K extends PipelineEvent['kind']>(
  worker: {
    readonly events: readonly PipelineEvent[]
    readonly listeners: Set<() => void>
    readonly ended: Promise<void>
  },
  kind: K,
  { fits, timeoutMs }: { readonly fits: (event: EventOf<K>) => boolean; readonly timeoutMs: number },
): Promise<EventOf<K>> {
  const isWanted = (event: PipelineEvent): event is EventOf<K> => event.kind === kind && fits(event as EventOf<K>)
  const timer = new AbortController()
  const died = worker.ended.then(() => {
    throw new Error(`the worker ended before ${kind}`)
  })
  died.catch(() => {})
  let listener = (): void => {}
  const found = new Promise<EventOf<K>>((resolve) => {
    listener = () => {
      const event = worker.events.find(isWanted)
      if (event !== undefined) resolve(event)
    }
    worker.listeners.add(listener)
    listener()
  })
  const late = systemClock.sleep(timeoutMs, timer.signal).then(() => {
    const kinds = worker.events.slice(-15).map((event) => event.kind)
    throw new Error(`no ${kind} within ${timeoutMs} ms; last events: ${kinds.join(', ')}`)
  })
  late.catch(() => {})
  try {
    return await Promise.race([found, died, late])
  } finally {
    worker.listeners.delete(listener)
    timer.abort()
  }
}

/** One record of an output topic, as far as tests look at it. */
export interface OutputRecord {
  readonly partition: number
  readonly key: unknown
  /** Null for a tombstone. */
  readonly value: { readonly op: string; readonly before: unknown; readonly after: unknown } | null
  readonly shardId: string
  readonly sequenceNumber: string
}

/** One record of a topic as it is. */
export interface TopicRecord {
  readonly partition: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** As text, by name. */
  readonly headers: Readonly<Record<string, string>>
}

/** All committed records of a topic, partition by partition. Empty if the topic does not exist. */
export async function readRecords(bootstrapServers: string, topic: string): Promise<readonly TopicRecord[]> {
  const signal = AbortSignal.timeout(30_000)
  await using kafka = connectKafka(bootstrapServers)
  const partitions = (await kafka.topics([topic], signal)).get(topic)?.partitions ?? 0
  const output: TopicRecord[] = []
  for (let partition = 0; partition < partitions; partition++) {
    const { lastStable } = await kafka.offsets(topic, partition, signal)
    const reader = createCommittedReader({ kafka, topic, partition, from: 0n, until: lastStable })
    for await (const page of reader.read(signal)) {
      for (const { key, value, headers } of page.records) {
        const texts = headers.map(([name, content]) => [name, content?.toString() ?? ''] as const)
        output.push({ partition, key, value, headers: Object.fromEntries(texts) })
      }
    }
  }
  return output
}

/** The same of a topic whose records are JSON, as far as tests look at them. */
export async function readOutput(bootstrapServers: string, topic: string): Promise<readonly OutputRecord[]> {
  const records = await readRecords(bootstrapServers, topic)
  return records.map(({ partition, key, value, headers }) => ({
    partition,
    key: JSON.parse(key?.toString() ?? 'null'),
    value: value === null ? null : JSON.parse(value.toString()),
    shardId: headers['tailrace.shard'] ?? '',
    sequenceNumber: headers['tailrace.seq'] ?? '',
  }))
}

/** Waits until the topic holds so many changes (tombstones do not count), or throws after `timeoutMs`. */
export async function outputOf(
  bootstrapServers: string,
  topic: string,
  changes: number,
  timeoutMs = 20_000,
): Promise<readonly OutputRecord[]> {
  const deadline = systemClock.monotonic() + timeoutMs
  for (;;) {
    const output = await readOutput(bootstrapServers, topic).catch(untilLed)
    const found = output.filter((record) => record.value !== null).length
    if (found >= changes) return output
    if (systemClock.monotonic() > deadline) throw new Error(`topic ${topic} has ${found} of ${changes} changes`)
    await systemClock.sleep(200)
  }
}

/** A topic that was made a moment ago may be known before its leaders know that they lead: nothing is in it yet. */
function untilLed(error: unknown): readonly OutputRecord[] {
  if (error instanceof TailraceError && error.policy === 'retake') return []
  throw error
}
