import { TailraceError } from '../../errors.ts'
import type { KafkaApi } from '../../kafka/kafka.ts'
import { createLedgerView } from '../../lanes/ledger-view.ts'
import { shardTransactionalIdOf } from '../../lanes/shard-taker.ts'
import type { Source } from '../../sources/source.ts'

/** What fencing a stream stands on. */
export interface StreamFence {
  readonly kafka: KafkaApi
  readonly source: Pick<Source, 'listShards'>
  readonly pipeline: string
  readonly ledgerTopic: string
  readonly lanes: number
  readonly transactionTimeoutMs: number
}

/**
 * Fences whoever may hold a shard of the stream: those that the ledger knows, and those that are listed, of which somebody may
 * have taken one without having written anything yet. Whoever takes one afterwards reads the ledger as it is now.
 */
export async function fenceStream(parts: StreamFence, streamArn: string, signal: AbortSignal): Promise<void> {
  const { kafka, ledgerTopic, lanes, pipeline, transactionTimeoutMs: timeoutMs } = parts
  const states = await createLedgerView(kafka, ledgerTopic, lanes).refresh(signal)
  const known = states.flatMap(({ shards }) => [...shards.values()]).filter((shard) => shard.streamArn === streamArn)
  const ids = new Set([...known.map(({ shardId }) => shardId), ...(await listed(parts, streamArn, signal))])
  for (const shardId of ids) {
    const transactionalId = shardTransactionalIdOf(pipeline, streamArn, shardId)
    await kafka.initProducerId({ transactionalId, timeoutMs }, signal)
  }
}

async function listed({ source }: StreamFence, streamArn: string, signal: AbortSignal): Promise<readonly string[]> {
  try {
    return (await source.listShards(streamArn, signal)).shards.map(({ shardId }) => shardId)
  } catch (error) {
    // Of a stream that is gone nobody is handed anything more.
    if (error instanceof TailraceError && error.code === 'STREAM_NOT_FOUND') return []
    throw error
  }
}
