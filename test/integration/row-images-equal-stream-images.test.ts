import { describe, expect, inject, it } from 'vitest'
import { systemClock } from '../../src/async/system-clock.ts'
import { systemRng } from '../../src/async/system-rng.ts'
import type { Item } from '../../src/change/attribute-value.ts'
import { canonicalItem } from '../../src/change/canonical-item.ts'
import type { ChangeEvent } from '../../src/change/change-event.ts'
import type { Shard } from '../../src/change/shard.ts'
import type { Table } from '../../src/change/table.ts'
import { decodeStreamRecord } from '../../src/decode/decode-stream-record.ts'
import { createDynamoDbStreamsSource } from '../../src/sources/dynamodb-streams/dynamodb-streams-source.ts'
import type { Source } from '../../src/sources/source.ts'
import { createLocalTable } from '../servers/local-table.ts'
import { connectTo } from '../servers/stream-simulator/simulator-client.ts'

const { endpoint } = inject('dynamodb')
const signal = AbortSignal.timeout(60_000)

/** Everything that a service may write otherwise than it was given. */
const values: Item = {
  numbers: { NS: ['2E3', '1.50', '-7', '0', '1E-130', '9.99E125', '12345678901234567890123456789012345678'] },
  thousand: { N: '1000.00' },
  large: { N: '1E30' },
  small: { N: '-0.000001' },
  zero: { N: '-0' },
  texts: { SS: ['b', 'a', 'ä', '😀', 'aa'] },
  binaries: { BS: ['AQ==', 'AAE=', '/w=='] },
  binary: { B: 'AAECAwQ=' },
  empty: { S: '' },
  nothing: { NULL: true },
  no: { BOOL: false },
  list: { L: [{ N: '1.0' }, { L: [] }, { M: {} }, { S: 'x' }] },
  map: { M: { z: { SS: ['y', 'x'] }, a: { M: {} }, ключ: { N: '5E-1' } } },
  emptyMap: { M: {} },
  emptyList: { L: [] },
  constructor: { S: 'a name' },
}

describe('an item', () => {
  it('has one canonical text, whether a scan shows it or an image in the stream', async () => {
    await using table = await createLocalTable(endpoint)
    for (const [name, value] of Object.entries(values)) await table.put({ id: { S: name }, [name]: value })
    await table.put({ id: { S: 'all' }, ...values })
    await table.put({ id: { S: 'all' }, ...values, more: { N: '1' } })
    await using api = connectTo(endpoint)
    const source = createDynamoDbStreamsSource({
      api,
      clock: systemClock,
      rng: systemRng,
      region: 'ddblocal',
      tables: [table.name],
    })
    const described = await source.describeTable(table.name, signal)
    const position = { table: described, segment: 0, totalSegments: 1, afterKey: undefined }
    const { items } = await source.scanPage(position, signal)
    const { shards } = await source.listShards(described.streamArn, signal)
    const texts = new Map<string, string | undefined>()
    for (const { keys, oldImage, newImage } of await changesOf(source, described, shards)) {
      const key = JSON.stringify(keys)
      // Old images are those of the change before.
      expect(oldImage === undefined ? undefined : canonicalItem(oldImage)).toBe(texts.get(key))
      texts.set(key, newImage === undefined ? undefined : canonicalItem(newImage))
    }
    const scanned = items.map((item) => item as Item)
    expect(scanned).toHaveLength(Object.keys(values).length + 1)
    for (const item of scanned) {
      const text = canonicalItem(item)
      expect(text).toBeDefined()
      expect(texts.get(JSON.stringify({ id: item['id'] })), JSON.stringify(item)).toBe(text)
    }
  })
})

async function changesOf(source: Source, table: Table, shards: readonly Shard[]): Promise<readonly ChangeEvent[]> {
  const changes: ChangeEvent[] = []
  for (const { shardId } of shards) {
    const reader = source.openShard({ streamArn: table.streamArn, shardId, after: undefined })
    for (let page = await reader.read(signal); page.records.length > 0; page = await reader.read(signal))
      changes.push(...page.records.map((record) => decodeStreamRecord(record, table, shardId)))
  }
  return changes
}
