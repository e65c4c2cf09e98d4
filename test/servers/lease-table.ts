import { connectTo } from './stream-simulator/simulator-client.ts'

/** One change in a stream, by where it is. */
export interface StreamPlace {
  readonly shardId: string
  readonly sequenceNumber: string
}

/** A lease table as version 1 of the Kinesis Client Library makes it, for the stream of one table. */
export interface LeaseTable extends AsyncDisposable {
  /** Where each change of the table's stream is, in the order of each shard. */
  changes(): Promise<readonly StreamPlace[]>
  /** Writes a lease, as its owner does who checkpoints. */
  checkpoint(shardId: string, checkpoint: string): Promise<void>
  /** Raises the counter of every lease, as a worker does that lives. */
  renew(): Promise<void>
}

/** Makes the table beside `tableName`; disposing deletes it. */
export async function createLeaseTable(
  endpoint: string,
  { name, tableName }: { readonly name: string; readonly tableName: string },
): Promise<LeaseTable> {
  const api = connectTo(endpoint)
  const ask = async (service: 'dynamodb' | 'streams', action: string, body: object): Promise<Answer> =>
    (await api.call({ service, action, body: { ...body } }, AbortSignal.timeout(30_000))) as Answer
  await ask('dynamodb', 'CreateTable', {
    TableName: name,
    KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
    ProvisionedThroughput: { ReadCapacityUnits: 10, WriteCapacityUnits: 10 },
  })
  const leases = new Map<string, { checkpoint: string; counter: number }>()
  const write = async (shardId: string): Promise<void> => {
    const { checkpoint = 'TRIM_HORIZON', counter = 0 } = leases.get(shardId) ?? {}
    const Item = {
      leaseKey: { S: shardId },
      leaseOwner: { S: `${name}-worker-task-1` },
      leaseCounter: { N: String(counter) },
      checkpoint: { S: checkpoint },
      checkpointSubSequenceNumber: { N: '0' },
      ownerSwitchesSinceCheckpoint: { N: '0' },
    }
    await ask('dynamodb', 'PutItem', { TableName: name, Item })
  }
  const ofShard = async (StreamArn: string, ShardId: string): Promise<readonly StreamPlace[]> => {
    const from = { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' }
    const { ShardIterator } = await ask('streams', 'GetShardIterator', from)
    const { Records = [] } = await ask('streams', 'GetRecords', { ShardIterator })
    return Records.map(({ dynamodb }) => ({ shardId: ShardId, sequenceNumber: dynamodb.SequenceNumber }))
  }
  return {
    changes: async () => {
      const { Table } = await ask('dynamodb', 'DescribeTable', { TableName: tableName })
      const StreamArn = Table?.LatestStreamArn ?? ''
      const { StreamDescription } = await ask('streams', 'DescribeStream', { StreamArn })
      const places: StreamPlace[] = []
      for (const { ShardId } of StreamDescription?.Shards ?? []) places.push(...(await ofShard(StreamArn, ShardId)))
      return places
    },
    checkpoint: async (shardId, checkpoint) => {
      leases.set(shardId, { checkpoint, counter: leases.get(shardId)?.counter ?? 1 })
      await write(shardId)
    },
    renew: async () => {
      for (const [shardId, lease] of leases) {
        lease.counter += 1
        await write(shardId)
      }
    },
    [Symbol.asyncDispose]: async () => {
      await ask('dynamodb', 'DeleteTable', { TableName: name })
      await api[Symbol.asyncDispose]()
    },
  }
}

interface Answer {
  readonly Table?: { readonly LatestStreamArn?: string }
  readonly StreamDescription?: { readonly Shards: readonly { readonly ShardId: string }[] }
  readonly ShardIterator?: string
  readonly Records?: readonly { readonly dynamodb: { readonly SequenceNumber: string } }[]
}
