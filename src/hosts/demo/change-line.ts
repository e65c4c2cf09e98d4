import { describeDifference } from './attribute-diff.ts'
import { cut } from './screen.ts'
import type { Screen } from './screen.ts'
import type { ShopChange } from './shop-change.ts'

/** A change and how long it took. */
export interface LandedChange {
  readonly change: ShopChange
  readonly topic: string
  /** From the write's sending to the reader; undefined while the write has not been answered. */
  readonly latencyMs: number | undefined
}

const diffOptions = {
  hidden: ['customer', 'order'],
  first: ['status', 'takings', 'sales', 'total', 'exchangeRate', 'article'],
} as const

const colors = { INSERT: 'green', UPDATE: 'yellow', DELETE: 'red', READ: 'green', UNKNOWN: 'red' } as const
const operationWidth = 6
const keyWidth = 14
const placeWidth = 19
const latencyWidth = 8
const gaps = 4 * 2
const widestDiff = 100

/** Operation, key, what changed, topic-partition@offset and milliseconds, in columns as wide as the screen allows. */
export function renderChange({ change, topic, latencyMs }: LandedChange, screen: Screen): string {
  const { operation, key, partition, offset, beforeImage, afterImage } = change
  const fixed = operationWidth + keyWidth + placeWidth + latencyWidth + gaps
  const diffWidth = Math.min(widestDiff, Math.max(20, screen.columns - 1 - fixed))
  const diff = cut(describeDifference(beforeImage, afterImage, diffOptions), diffWidth)
  const latency = latencyMs === undefined ? '–' : `${Math.round(latencyMs)} ms`
  return [
    screen.paint(colors[operation], operation.padEnd(operationWidth)),
    key.padEnd(keyWidth),
    diff.padEnd(diffWidth),
    screen.paint('dim', `${topic}-${partition}@${offset}`.padEnd(placeWidth)),
    latency.padStart(latencyWidth),
  ].join('  ')
}
