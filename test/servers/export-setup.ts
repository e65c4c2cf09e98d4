import { seededRng } from '../../src/async/rng.ts'
import type { AwsApi } from '../../src/aws/aws.ts'
import type { Clock } from '../../src/async/clock.ts'
import { TailraceError } from '../../src/errors.ts'
import type { ObjectStore } from '../../src/objects/objects.ts'
import type { SourceContext } from '../../src/sources/source-context.ts'
import type { SourceEvent } from '../../src/sources/source-event.ts'
import { createTableExports } from '../../src/sources/table-export/dynamodb-table-exports.ts'
import type { ExportFileReader, ExportPage, TableExports } from '../../src/sources/table-export/table-exports.ts'
import { createManualClock } from './stream-simulator/manual-clock.ts'

/** Exports over a store, with a clock on which waits are over at once, and what was reported meanwhile. */
export interface ExportSetup {
  readonly exports: TableExports
  readonly events: readonly SourceEvent[]
}

/** Makes exports for a test. Without an API every request to DynamoDB is an error. */
export function setUpExports(options: {
  readonly objects: ObjectStore
  readonly api?: AwsApi
  readonly clock?: Clock
  readonly maxHeldBytes?: number
}): ExportSetup {
  const events: SourceEvent[] = []
  const context: SourceContext = {
    api: options.api ?? noApi,
    clock: options.clock ?? createManualClock(),
    rng: seededRng(11),
    retry: { baseMs: 100, capMs: 2_000 },
    giveUpOn: [],
    describeStreamBudget: { take: () => Promise.resolve() },
    emit: (event) => void events.push(event),
  }
  const { objects, maxHeldBytes } = options
  return {
    events,
    exports: createTableExports({ context, objects, ...(maxHeldBytes === undefined ? {} : { maxHeldBytes }) }),
  }
}

/** Reads a file to its end; also checks that every page's `nextLine` counts its lines. */
export async function readToEnd(
  reader: ExportFileReader,
  signal: AbortSignal,
): Promise<{ readonly lines: readonly unknown[]; readonly pages: readonly ExportPage[] }> {
  const pages: ExportPage[] = []
  let before: number | undefined
  for (;;) {
    const page = await reader.read(signal)
    if (before !== undefined && page.nextLine !== before + page.lines.length) throw new Error('nextLine does not count')
    before = page.nextLine
    pages.push(page)
    if (page.isEnd) return { pages, lines: pages.flatMap(({ lines }) => lines) }
  }
}

/** Code and message of the error that the work rejects with; fails if it does not reject with one of ours. */
export async function refusalOf(work: Promise<unknown>): Promise<{ readonly code: string; readonly message: string }> {
  try {
    await work
  } catch (error) {
    if (error instanceof TailraceError) return { code: error.code, message: error.message }
    throw error
  }
  throw new Error('it was not refused')
}

const noApi: AwsApi = {
  call: () => Promise.reject(new Error('no request is expected')),
  exchange: () => Promise.reject(new Error('no request is expected')),
}
