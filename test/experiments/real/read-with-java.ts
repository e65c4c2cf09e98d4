import type { DeliveredRecord } from '../../../src/oracle/oracle.ts'
import { readVersionedRecord } from '../../oracle/versioned-items.ts'
import { createJavaReader } from '../../servers/java-reader.ts'
import type { JavaRecord } from '../../servers/java-reader.ts'

/** What Java's read_committed consumer is given now of the tables' topics; tombstones left out. */
export async function readWithJava(
  bootstrapServers: string,
  topicsByTable: ReadonlyMap<string, string>,
): Promise<readonly DeliveredRecord[]> {
  const reader = await createJavaReader(bootstrapServers)
  const delivered: DeliveredRecord[] = []
  for (const [table, topic] of topicsByTable) {
    for (const record of await reader.readAll(topic)) {
      const change = readVersionedRecord(readable(topic, record), () => table)
      if (change !== undefined) delivered.push(change)
    }
  }
  return delivered
}

function readable(topic: string, record: JavaRecord): Parameters<typeof readVersionedRecord>[0] {
  const { partition, offset, key, value, headers } = record
  const header = (name: string): string | undefined => {
    const found = headers.find(([other]) => other === name)?.[1]
    return found === undefined || found === null ? undefined : textOf(found)
  }
  return {
    topic,
    partition,
    offset,
    key: key === null ? null : textOf(key),
    value: value === null ? null : textOf(value),
    shardId: header('tailrace.shard'),
    sequenceNumber: header('tailrace.seq'),
  }
}

function textOf(base64: string): string {
  return Buffer.from(base64, 'base64').toString()
}
