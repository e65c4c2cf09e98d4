import { parentPort } from 'node:worker_threads'
import { createRowPath } from './decode-rows.ts'
import { packRecords } from './decode-transfer.ts'

/** The other thread of the suite `decode`: takes bodies of pages and gives records, in order. */
const rowsOf = createRowPath()

parentPort?.on('message', (body: ArrayBuffer) => void answer(body))

async function answer(body: ArrayBuffer): Promise<void> {
  const packed = packRecords(await rowsOf(Buffer.from(body)))
  parentPort?.postMessage(packed, [packed.bytes, packed.facts.buffer, packed.headers.buffer])
}
