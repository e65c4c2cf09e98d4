import type { TestProject } from 'vitest/node'
import { startLocalDynamoDb } from '../../src/hosts/demo/local-dynamodb.ts'
import { startLocalKafka } from '../../src/hosts/demo/local-kafka.ts'
import { temporaryFolder } from './temporary-folder.ts'

/**
 * One Kafka and one DynamoDB Local for a whole run of the `real` project. A test asks for them by
 * `inject('kafka').bootstrapServers` and `inject('dynamodb').endpoint`, uses topic, group, pipeline and table names of its own,
 * and never stops them; one that needs a broker to kill or to configure starts its own with `startLocalKafka`.
 */
declare module 'vitest' {
  export interface ProvidedContext {
    /** Transactions V2, no topics made by use, sessions of group members from 1 s. */
    kafka: { readonly bootstrapServers: string }
    /** Any region, any credentials; all see the same tables. */
    dynamodb: { readonly endpoint: string }
  }
}

/** Starts both; resolves with what stops them. Vitest calls it before the first test file of the project. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryFolder())
  const onProgress = (line: string): void => console.error(`test servers: ${line}`)
  // Whatever starts is stopped, also when the other one fails.
  const [kafka, dynamodb] = await Promise.allSettled([
    startLocalKafka({
      directory: folder.path,
      archiveClasses: true,
      extraProperties: { 'group.min.session.timeout.ms': '1000' },
      onProgress,
    }).then((server) => stack.use(server)),
    startLocalDynamoDb({ directory: folder.path, onProgress }).then((server) => stack.use(server)),
  ])
  if (kafka.status === 'rejected') throw kafka.reason
  if (dynamodb.status === 'rejected') throw dynamodb.reason
  project.provide('kafka', { bootstrapServers: kafka.value.bootstrapServers })
  project.provide('dynamodb', { endpoint: dynamodb.value.endpoint })
  const servers = stack.move()
  return () => servers.disposeAsync()
}
