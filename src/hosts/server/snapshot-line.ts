import type { LogFields } from '../../observe/logger.ts'
import type { SnapshotProgress } from '../../pipeline/pipeline-event.ts'
import { durationText } from '../cli/duration-text.ts'

/** How far a snapshot is, and how fast it went since it was last told. */
export interface SnapshotReport {
  readonly table: string
  readonly progress: SnapshotProgress
  readonly itemsPerSecond: number
  readonly unitsPerSecond: number
  readonly isDone: boolean
}

/**
 * A line for people: `snapshot of orders: 120,000 of about 400,000 items, 3 of 16 segments, 4,000 items/s, …`. What is left
 * is left out where nobody knows how many items there are, and where there are more than DynamoDB had counted.
 */
export function snapshotLine(report: SnapshotReport): string {
  const { table, progress, itemsPerSecond, unitsPerSecond } = report
  const { items, segments, segmentsDone, units, expectedItems } = progress
  const isGuess = !report.isDone && expectedItems > items
  const leftMs = leftOf(report)
  const parts = [
    `${whole(items)}${isGuess ? ` of about ${whole(expectedItems)}` : ''} items`,
    `${whole(segmentsDone)} of ${whole(segments)} segments`,
    `${whole(itemsPerSecond)} items/s`,
    `${whole(units)} read units`,
    `${whole(unitsPerSecond)} units/s`,
    ...(leftMs === undefined ? [] : [`about ${durationText(leftMs)} left`]),
  ]
  return `snapshot of ${table}${report.isDone ? ' is done' : ''}: ${parts.join(', ')}`
}

/** The same for machines that read the log. */
export function snapshotFacts(report: SnapshotReport): LogFields {
  const { table, progress, itemsPerSecond, unitsPerSecond, isDone } = report
  const leftMs = leftOf(report)
  return {
    table,
    ...progress,
    itemsPerSecond: Math.round(itemsPerSecond),
    unitsPerSecond: Math.round(unitsPerSecond),
    isDone,
    ...(leftMs === undefined ? {} : { leftMs: Math.round(leftMs) }),
  }
}

/** If it goes on at the rate of the report; undefined where that says nothing. Milliseconds. */
function leftOf({ progress, itemsPerSecond, isDone }: SnapshotReport): number | undefined {
  const left = progress.expectedItems - progress.items
  return isDone || left <= 0 || itemsPerSecond <= 0 ? undefined : (left / itemsPerSecond) * 1000
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
