import type { WrittenChange } from '../../../src/oracle/oracle.ts'
import type { VirtualTime } from '../time/virtual-time.ts'
import { changeName } from './output-scan.ts'
import type { OutputScan } from './output-scan.ts'

/** How far the output is behind the source, looked at twice a second; less often in runs over virtual hours. */
export interface UnseenWatch {
  /** [seconds, changes that are written and not readable]. */
  readonly unseen: readonly (readonly [number, number])[]
  /** [seconds, age of the oldest of them in seconds]. */
  readonly lag: readonly (readonly [number, number])[]
  /** As of the last look; nothing is written any more when this is asked. */
  readonly isAllSeen: boolean
  /** Milliseconds from each of the moments until lag was below five seconds; undefined if it never was again. */
  recoveries(moments: readonly number[]): readonly (number | undefined)[]
}

const goodLagS = 5

/** Begins to watch. */
export function createUnseenWatch(parts: {
  readonly time: VirtualTime
  readonly originMs: number
  readonly scan: OutputScan
  readonly written: () => readonly (readonly WrittenChange[])[]
  readonly activeMs: number
}): UnseenWatch {
  const lookMs = Math.max(500, parts.activeMs / 2_000)
  const { time, originMs, scan } = parts
  const unseen: [number, number][] = []
  const lag: [number, number][] = []
  /** Of each writer's changes: those before it are all seen. */
  const seenUntil: number[] = []
  const look = (): { readonly count: number; readonly oldestMs: number | undefined } => {
    scan.advance()
    const lists = parts.written()
    let oldestMs: number | undefined
    let total = 0
    for (const [index, list] of lists.entries()) {
      total += list.length
      let at = seenUntil[index] ?? 0
      while (at < list.length && isSeen(list[at])) at++
      seenUntil[index] = at
      const writtenAtMs = list[at]?.writtenAtMs
      if (writtenAtMs !== undefined) oldestMs = Math.min(oldestMs ?? writtenAtMs, writtenAtMs)
    }
    return { count: total - scan.distinct.size, oldestMs }
  }
  const isSeen = (change: WrittenChange | undefined): boolean =>
    change !== undefined && scan.distinct.has(changeName(change))
  let isAllSeen = false
  const keepLooking = (): void => {
    time.after(lookMs, () => {
      const { count, oldestMs } = look()
      isAllSeen = count <= 0
      const seconds = time.elapsedMs / 1000
      unseen.push([seconds, count])
      lag.push([seconds, oldestMs === undefined ? 0 : (originMs + time.elapsedMs - oldestMs) / 1000])
      keepLooking()
    })
  }
  keepLooking()
  return {
    unseen,
    lag,
    get isAllSeen() {
      return isAllSeen
    },
    recoveries: (moments) =>
      moments.map((momentMs) => {
        const good = lag.find(([seconds, behind]) => seconds * 1000 >= momentMs && behind < goodLagS)
        return good === undefined ? undefined : good[0] * 1000 - momentMs
      }),
  }
}
