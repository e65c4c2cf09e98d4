import { backoffDelay } from '../../async/backoff.ts'
import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import { retentionOf } from '../../change/retention.ts'
import { shardsOfLedger } from '../../lanes/ledger-shards.ts'
import type { HaltedShard, PipelineEvent } from '../../pipeline/pipeline-event.ts'
import type { PipelineLedger } from '../ledger/pipeline-ledger.ts'

const pause = { baseMs: 5_000, capMs: 300_000 }

/**
 * What stands still in a pipeline that nobody runs, by its ledger, as its lanes would tell: nothing moves there, so one look is enough. Nothing if it
 * has no ledger. Asks again after a while until it is answered; rejects only with the signal's reason.
 */
export async function lookAtPaused(
  { clock, rng }: { readonly clock: Clock; readonly rng: Rng },
  read: () => Promise<PipelineLedger | undefined>,
  signal: AbortSignal,
): Promise<readonly PipelineEvent[]> {
  for (let failures = 0; ; failures++) {
    try {
      const ledger = await read()
      return ledger === undefined ? [] : haltedOf(ledger)
    } catch {
      signal.throwIfAborted()
      await clock.sleep(backoffDelay(pause, failures, rng), signal)
    }
  }
}

function haltedOf({ lanes, tables }: PipelineLedger): readonly PipelineEvent[] {
  const known = new Map(tables.map((entry) => [entry.table.arn, entry]))
  const byLane = Map.groupBy(
    [...shardsOfLedger(lanes).values()].filter(
      ({ shard: { status, tableArn } }) => status === 'open' && known.get(tableArn)?.status.kind !== 'retired',
    ),
    ({ lane }) => lane,
  )
  return [...byLane].map(([lane, shards]): PipelineEvent => {
    const halted = shards.map(({ shard: { tableArn: arn, shardId, sinceMs } }): HaltedShard => {
      const table = known.get(arn)?.table
      return { shard: { lane, table: table?.name ?? arn, arn, shardId }, sinceMs, retentionMs: retentionOf(table) }
    })
    return {
      kind: 'lane-surveyed',
      lane,
      waiting: 0,
      open: halted.length,
      ended: 0,
      halted,
      standing: [],
      snapshots: [],
    }
  })
}
