import type { DemoFolder } from './demo-folder.ts'
import { startLocalDynamoDb } from './local-dynamodb.ts'
import { startLocalKafka } from './local-kafka.ts'
import type { StepList } from './step-list.ts'

/** The two servers that the demo streams between. Disposing stops both. */
export interface DemoServers extends AsyncDisposable {
  readonly bootstrapServers: string
  readonly dynamodbEndpoint: string
}

/** Starts both side by side; when one fails, the other one is not waited for and not left behind. */
export async function startDemoServers(folder: DemoFolder, steps: StepList, signal: AbortSignal): Promise<DemoServers> {
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
  const [kafka, dynamodb] = await Promise.allSettled([
    start('Apache Kafka 4.4 is ready', (onProgress) =>
      startLocalKafka({ ...options, archiveClasses: true, onProgress }),
    ),
    start('DynamoDB Local is ready', (onProgress) => startLocalDynamoDb({ ...options, onProgress })),
  ])
  // The first failure is the reason of the other one.
  if (failed.signal.aborted) throw failed.signal.reason
  if (kafka.status === 'rejected') throw kafka.reason
  if (dynamodb.status === 'rejected') throw dynamodb.reason
  const servers = stack.move()
  return {
    bootstrapServers: kafka.value.bootstrapServers,
    dynamodbEndpoint: dynamodb.value.endpoint,
    [Symbol.asyncDispose]: () =>
      steps.run('Apache Kafka and DynamoDB Local have stopped', (onProgress) => {
        onProgress('stopping Apache Kafka and DynamoDB Local')
        return servers.disposeAsync()
      }),
  }
}
