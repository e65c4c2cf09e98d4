import { parentPort } from 'node:worker_threads'
import { countRoundTrips } from './count-round-trips.ts'

/** One thread of `round-trips-of-items.ts`: gets numbers of blocks, a few at a time, and answers with counts. */

// Some readers throw by the hundred thousand, and nobody looks at where.
Error.stackTraceLimit = 0
parentPort?.on('message', (blocks: readonly number[]) => parentPort?.postMessage(countRoundTrips(blocks), []))
