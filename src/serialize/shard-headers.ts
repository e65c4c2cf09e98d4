import type { Table } from '../change/table.ts'
import type { JsonWriter } from './json-writer.ts'
import { createRecordHeaders } from './record-headers.ts'
import type { RecordHeaders } from './record-headers.ts'

/** The headers of the records of whichever shard is written at the moment: pages are of one shard. */
export interface ShardHeaders {
  of(table: Table, shardId: string): RecordHeaders
}

/** `writer` must have nothing in it that was not taken. */
export function createShardHeaders(writer: JsonWriter): ShardHeaders {
  let known: { readonly table: Table; readonly shardId: string; readonly made: RecordHeaders } | undefined
  return {
    of: (table, shardId) => {
      if (known?.table === table && known.shardId === shardId) return known.made
      const made = createRecordHeaders(writer, table.name, shardId)
      known = { table, shardId, made }
      return made
    },
  }
}
