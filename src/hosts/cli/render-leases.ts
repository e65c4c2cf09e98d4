import { counted } from '../counted.ts'
import { renderTable } from './render.ts'
import { isLoaded } from './take-over-leases.ts'
import type { LeasePlan, PlannedTable } from './take-over-leases.ts'

/** What taking positions over means, in words, the losses last. */
export function leaseMeaning({ tables, without }: LeasePlan): readonly string[] {
  return [
    'What the old connector has sent behind its last checkpoint (up to 15 seconds of changes) is sent once more.',
    'Items count as delivered: a table of which nothing else is said here gets no first snapshot. If the old connector was loading it once more, having fallen behind, take one (`tailrace snapshot start`); leases do not tell that, its offsets do (`--offsets`).',
    ...tables.flatMap(({ table, unloaded }) =>
      unloaded === undefined
        ? []
        : [
            `Table ${table.name} may not have been loaded (${unloaded}): it gets its first snapshot, as \`snapshot.mode\` says.`,
          ],
    ),
    ...tables.flatMap(({ table, unplaced }) =>
      unplaced.length === 0
        ? []
        : [
            `Table ${table.name}: ${counted(unplaced.length, 'lease')} without a checkpoint yet, begun at a place that it does not name: all that is left of its shard is sent.`,
          ],
    ),
    ...without.map(({ name }) => `Table ${name} has no leases: it begins as a new one does.`),
    ...tables.flatMap(lossesOf),
  ]
}

function lossesOf({ table, lost }: PlannedTable): readonly string[] {
  return lost.map(({ shardId, why }) =>
    why === 'gone'
      ? `LOST: table ${table.name}: shard ${shardId} has left its stream before it was read to its end.`
      : `LOST: table ${table.name}: what follows on the position in shard ${shardId} is trimmed; the table stops there with STREAM_GAP, unless \`snapshot.mode\` wants a first snapshot.`,
  )
}

/** One line for each shard. */
export function renderLeases({ tables }: LeasePlan): string {
  const columns = [{ title: 'TABLE' }, { title: 'SHARD' }, { title: 'BECOMES' }]
  const rows = tables.flatMap(({ table, shards }) =>
    shards.map(({ shardId, becomes, after }) => {
      const open = `open at ${after ?? '(trim horizon)'}`
      return [table.name, shardId, becomes === 'open' ? open : becomes === 'end' ? 'ended' : 'begun in its turn']
    }),
  )
  return renderTable(columns, rows)
}

/** The plan for programs. */
export function leasesJson({ tables, without }: LeasePlan): Readonly<Record<string, unknown>> {
  return {
    tables: tables.map(({ table, leaseTable, shards, lost, unloaded }) => ({
      table: table.name,
      loaded: isLoaded({ lost, unloaded }),
      leaseTable,
      streamArn: table.streamArn,
      shards: shards.map(({ shardId, becomes, after }) => ({ shard: shardId, becomes, after: after ?? null })),
      lost: lost.map(({ shardId, why }) => ({ shard: shardId, why })),
    })),
    withoutLeases: without.map(({ name }) => name),
  }
}
