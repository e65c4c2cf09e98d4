import type { DemoFolder } from './demo-folder.ts'
import { startLocalDynamoDb } from './local-dynamodb.ts'
import { startLocalKafka } from './local-kafka.ts'
import { startLocalKinesis } from './local-kinesis.ts'
import type { StepList } from './step-list.ts'

/** The servers that the demo streams between. Disposing stops them. */
export interface DemoServers extends AsyncDisposable {
  readonly bootstrapServers: string
  readonly dynamodbEndpoint: string
  /** Undefined where the table's own stream is read. */
  readonly kinesisEndpoint: string | undefined
}

/** What the worker of the demo reads: the table's own stream, or a Kinesis stream that its changes go to. */
export const demoSources = ['dynamodb', 'kinesis'] as const
export type DemoSource = (typeof demoSources)[number]

/** Starts all side by side; when one fails, the others are not waited for and not left behind. */
export async function startDemoServers(
  { folder, steps, source }: { readonly folder: DemoFolder; readonly steps: StepList; readonly source: DemoSource },
  signal: AbortSignal,
): Promise<DemoServers> {
  await using stack = new AsyncDisposableStack()
  const failed = new AbortController()
  const starting = AbortSignal.any([signal, failed.signal])
  const start = async <Server extends AsyncDisposable & { readonly pid: number }>(
    title: string,
    startServer: (onProgress: (line: string) => void) => Promise<Server>,
  ): Promise<Server> => {
    try {
      const server = stack.use(await steps.run(title, startServer))
      folder.addServer(server)
      return server
    } catch (error) {
      failed.abort(error)
      throw error
    }
  }
  const options = { directory: folder.path, signal: starting }
  const [kafka, dynamodb, kinesis] = await Promise.allSettled([
    start('Apache Kafka 4.4 is ready', (onProgress) =>
      startLocalKafka({ ...options, archiveClasses: true, onProgress }),
    ),
    start('DynamoDB Local is ready', (onProgress) => startLocalDynamoDb({ ...options, onProgress })),
    source === 'kinesis'
      ? start('Kinesis (kinesis-local) is ready', (onProgress) => startLocalKinesis({ ...options, onProgress }))
      : undefined,
  ])
  // The first failure is the reason of the others.
  if (failed.signal.aborted) throw failed.signal.reason
  if (kafka.status === 'rejected') throw kafka.reason
  if (dynamodb.status === 'rejected') throw dynamodb.reason
  if (kinesis.status === 'rejected') throw kinesis.reason
  const servers = stack.move()
  const names = `Apache Kafka${kinesis.value === undefined ? '' : ', Kinesis'} and DynamoDB Local`
  return {
    bootstrapServers: kafka.value.bootstrapServers,
    dynamodbEndpoint: dynamodb.value.endpoint,
    kinesisEndpoint: kinesis.value?.endpoint,
    [Symbol.asyncDispose]: () =>
      steps.run(`${names} have stopped`, (onProgress) => {
        onProgress(`stopping ${names}`)
        return servers.disposeAsync()
      }),
  }
}
