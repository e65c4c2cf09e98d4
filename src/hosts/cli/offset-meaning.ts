import { retentionOf } from '../../change/retention.ts'
import { compareSequenceNumbers } from '../../change/sequence-number.ts'
import type { Table } from '../../change/table.ts'
import type { ShardChange } from '../../lanes/offset-change.ts'
import { counted } from '../counted.ts'

/** What happens to the changes, in words. */
export function meaningOf(
  shards: readonly ShardChange[],
  flags: { readonly table: string; readonly shard?: string },
  { known, present }: { readonly known: Table; readonly present: Table | undefined },
): readonly string[] {
  const what = known.isStream === true ? 'stream' : 'table'
  if (present !== undefined) {
    return [
      known.isStream === true
        ? `Stream ${flags.table} was made anew, and is read on as ${present.streamArn}.`
        : `Table ${flags.table} is read on in its new stream ${present.streamArn}.`,
      'What was not read of the old stream is given up; changes between the two streams are in neither.',
    ]
  }
  const [first] = shards
  if (flags.shard === undefined) {
    return [
      `All that ${keeperOf(known)} still has of ${what} ${flags.table} (up to ${retentionOf(known) / 3_600_000} hours) is delivered again: records will be repeated.`,
      'Changes that were trimmed before they were read stay lost.',
    ]
  }
  const descendants = shards.length - 1
  return [
    ...(first === undefined ? [] : [meaningOfMove(first, keeperOf(known))]),
    ...(descendants > 0
      ? [`${counted(descendants, 'shard')} descending from it: delivered again behind it, in full.`]
      : []),
  ]
}

function keeperOf({ isStream }: Table): string {
  return isStream === true ? 'Kinesis' : 'DynamoDB'
}

/** What a move of one shard does to its changes. */
export function meaningOfMove({ shardId, was, becomes }: ShardChange, keeper: string): string {
  const to = becomes.kind === 'moved' ? becomes.after : undefined
  const shard = `Shard ${shardId}`
  if (to === undefined)
    return `${shard}: all that ${keeper} still has of it is delivered again: records will be repeated.`
  const order = was.after === undefined ? 1 : compareSequenceNumbers(to, was.after)
  if (order < 0) return `${shard}: changes behind ${to} up to ${was.after ?? ''} will be repeated.`
  if (order === 0) return `${shard}: it stands there already; nothing is repeated or skipped.`
  return `${shard}: changes behind ${was.after ?? 'the trim horizon'} up to ${to} will be skipped: they are lost downstream.`
}
