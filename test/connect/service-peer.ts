import { randomUUID } from 'node:crypto'
import { createLocalTable } from '../servers/local-table.ts'
import { startServiceProcess } from '../servers/service-under-test.ts'
import type { ServiceProcessUnderTest } from '../servers/service-under-test.ts'
import { connectTo, member, sequenceNumbers } from '../servers/stream-simulator/simulator-client.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import { ownPeer } from './own-peer.ts'
import type { OwnPeer } from './own-peer.ts'

/** A process of a real service, and what its connectors read. */
export interface ServicePeer extends AsyncDisposable {
  readonly peer: OwnPeer
  readonly process: ServiceProcessUnderTest
}

/** `tailrace serve` on a real Kafka, beside a table of three items in DynamoDB Local. Disposing ends the process and deletes the table. */
export async function startServicePeer(bootstrapServers: string, endpoint: string): Promise<ServicePeer> {
  await using opened = new AsyncDisposableStack()
  const folder = opened.use(await temporaryFolder())
  const table = opened.use(await createLocalTable(endpoint))
  for (const id of ['one', 'two', 'three']) await table.put({ id: { S: id } })
  const process = opened.use(
    await startServiceProcess({
      directory: folder.path,
      name: 'service',
      properties: {
        'bootstrap.servers': bootstrapServers,
        'group.id': `conversation-${randomUUID().slice(0, 8)}`,
        'connector.endpoints.allow': endpoint,
        'session.timeout.ms': '2000',
      },
    }),
  )
  const topicPrefix = `conversation-${randomUUID().slice(0, 8)}`
  const more = {
    'source.endpoint': endpoint,
    'topic.prefix': topicPrefix,
    'snapshot.mode': 'never',
    'source.start': 'TRIM_HORIZON',
    'poll.idle.max.ms': '100',
  }
  const position = await secondChange(endpoint, table.name)
  const peer = ownPeer(process.url, { table: table.name, topicPrefix, more, ...position })
  const resources = opened.move()
  return { peer, process, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

/** The position of a change in the middle of the table's stream. */
async function secondChange(
  endpoint: string,
  table: string,
): Promise<{ readonly shardId: string; readonly sequenceNumber: string }> {
  await using api = connectTo(endpoint)
  const signal = AbortSignal.timeout(30_000)
  const described = await api.call({ service: 'dynamodb', action: 'DescribeTable', body: { TableName: table } }, signal)
  const StreamArn = member(member(described, 'Table'), 'LatestStreamArn')
  const stream = await api.call({ service: 'streams', action: 'DescribeStream', body: { StreamArn } }, signal)
  const [shard] = member(member(stream, 'StreamDescription'), 'Shards') as readonly unknown[]
  const ShardId = String(member(shard, 'ShardId'))
  const from = { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' }
  const found = await api.call({ service: 'streams', action: 'GetShardIterator', body: from }, signal)
  const ShardIterator = member(found, 'ShardIterator')
  const page = await api.call({ service: 'streams', action: 'GetRecords', body: { ShardIterator } }, signal)
  const [, second] = sequenceNumbers(member(page, 'Records') as readonly unknown[])
  if (second === undefined) throw new Error('the stream does not show what was written')
  return { shardId: ShardId, sequenceNumber: second }
}
