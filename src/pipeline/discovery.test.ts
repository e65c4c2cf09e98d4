import { expect, it } from 'vitest'
import { ordersEntry } from '../../test/fixtures/memory-ledger.ts'
import { TailraceError } from '../errors.ts'
import type { ErrorCode } from '../error-catalogue.ts'
import { createLaneFold } from '../lanes/lane-state.ts'
import type { AddressedEntry, TableEntry } from '../lanes/ledger-entry.ts'
import type { ShardListing } from '../sources/source.ts'
import { createManualClock } from '../testing/manual-clock.ts'
import type { Coordination } from './coordination.ts'
import { discoverShards } from './discovery.ts'
import type { PipelineEvent } from './pipeline-event.ts'

const never = new AbortController().signal
const ill: TableEntry = { ...ordersEntry, table: { ...ordersEntry.table, arn: 'ill', streamArn: 'ill-stream' } }
const shard = { shardId: 's', parents: [], startingSequenceNumber: undefined, endingSequenceNumber: undefined }

/** Lists the streams of two tables, of which one answers with the error. Returns the shards that were begun, and what was told. */
async function discover(code: ErrorCode): Promise<readonly [readonly string[], readonly PipelineEvent[]]> {
  const fold = createLaneFold()
  for (const entry of [ill, ordersEntry]) fold.apply({ kind: 'entry', entry })
  const events: PipelineEvent[] = []
  const begun: string[] = []
  const listShards = (streamArn: string): Promise<ShardListing> =>
    streamArn === 'stream'
      ? Promise.resolve({ shards: [shard], status: 'ENABLED' })
      : Promise.reject(new TailraceError(code, 'no'))
  const onEvent = (event: PipelineEvent): void => void events.push(event)
  const write = async (entries: readonly AddressedEntry[]): Promise<void> => {
    for (const { entry } of entries) if (entry.kind === 'begin') begun.push(`${entry.streamArn}/${entry.shardId}`)
  }
  const parts = {
    environment: { source: { listShards }, clock: createManualClock(), onEvent, identity: { lanes: 1 } },
    session: { state: fold.state },
    ledger: { refresh: async () => [fold.state] },
    tuning: { listingMs: 1 },
    write,
  }
  await discoverShards(parts as unknown as Coordination, never).catch((error: unknown) => {
    if (!(error instanceof TailraceError)) throw error
    begun.push(`then ${error.code}`)
  })
  return [begun, events]
}

it.each(['STREAM_NOT_FOUND', 'AWS_UNREACHABLE'] as const)(
  'a stream that answers %s is told of, and keeps neither the others nor the coordinator from going on',
  async (code) => {
    const [begun, events] = await discover(code)
    expect(begun).toEqual(['stream/s'])
    expect(events).toContainEqual(
      expect.objectContaining({ kind: 'coordinator-failed', error: expect.objectContaining({ code }) }),
    )
  },
)

it('what nobody expected is thrown when the others are done', async () => {
  const [begun] = await discover('AWS_REGION')
  expect(begun).toEqual(['stream/s', 'then AWS_REGION'])
})
