import { decodeStreamRecord } from '../src/decode/decode-stream-record.ts'
import { createDebeziumEnvelope } from '../src/envelope/debezium-envelope.ts'
import { createJsonSerializer } from '../src/serialize/json-serializer.ts'
import { insert, modify, shardId, table } from './wire-orders.ts'
import type { Make } from './wire-orders.ts'

/**
 * What the record path (wire record → key, value and headers of Kafka records) costs, against the least that any
 * program must pay that writes JSON: `JSON.stringify` of the wire record and a Buffer of it. Rounds alternate, and CPU
 * time counts, not the clock. Ends with one JSON line.
 */

const recordsPerPage = 1000
const rounds = 15
const pagesPerRound = 40

function measure(name: string, make: Make): void {
  const page: readonly unknown[] = JSON.parse(JSON.stringify(Array.from({ length: recordsPerPage }, (_, i) => make(i))))
  const floor = (): number => {
    const records = page.map((record) => ({ value: Buffer.from(JSON.stringify(record)) }))
    return records.reduce((sum, record) => sum + record.value.length, 0)
  }
  const path = recordPath(page)
  const costs = { floor: [] as number[], tailrace: [] as number[] }
  for (let round = -3; round < rounds; round++) {
    const floorNs = cpuNsPerRecord(floor)
    const tailraceNs = cpuNsPerRecord(path)
    if (round < 0) continue
    costs.floor.push(floorNs)
    costs.tailrace.push(tailraceNs)
  }
  const floorNs = median(costs.floor)
  const tailraceNs = median(costs.tailrace)
  const bytes = { wire: floor() / recordsPerPage, output: path() / recordsPerPage }
  console.log(
    JSON.stringify({ suite: 'serialize', case: name, bytes, floorNs, tailraceNs, ratio: tailraceNs / floorNs }),
  )
}

/** One page through the whole path; the sum of what came out, so that none of it can be optimised away. */
function recordPath(page: readonly unknown[]): () => number {
  const envelope = createDebeziumEnvelope({ table, name: 'shop', connectorVersion: '0.1.0', tombstonesOnDelete: true })
  const serializer = createJsonSerializer({ numbers: 'exact', schemasEnable: false })
  return () => {
    const records = []
    for (const wire of page) {
      const event = decodeStreamRecord(wire, table, shardId)
      for (const { key, value, headers } of serializer.serialize(envelope.wrap(event, 1_795_426_137_123))) {
        records.push({ topic: 'shop.orders', partition: 0, key, value, headers, timestamp: event.createdAtMs })
      }
    }
    return records.reduce((sum, record) => sum + record.key.length + (record.value?.length ?? 0), 0)
  }
}

function cpuNsPerRecord(work: () => number): number {
  const start = process.cpuUsage()
  for (let index = 0; index < pagesPerRound; index++) work()
  const { user, system } = process.cpuUsage(start)
  return Math.round(((user + system) * 1000) / (pagesPerRound * recordsPerPage))
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

measure('modify', modify)
measure('insert', insert)
