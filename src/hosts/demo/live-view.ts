import type { Clock } from '../../async/clock.ts'
import { renderChange } from './change-line.ts'
import type { Screen } from './screen.ts'
import type { ShopChange } from './shop-change.ts'
import { renderStatus } from './status-line.ts'
import type { StatusNumbers } from './status-line.ts'

/** The demo while it streams: changes as they land, and a status line a second. */
export interface LiveView {
  land(change: ShopChange): void
  /** A line from elsewhere (a warning of the worker), between the others. */
  note(line: string): void
  /** Draws until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>
}

/** What the view shows and asks. */
export interface LiveViewOptions {
  readonly screen: Screen
  readonly clock: Clock
  readonly topic: string
  /** False: status lines only. */
  readonly hasChanges: boolean
  /** Changes that are shown before others when not all are. */
  readonly isRare: (change: ShopChange) => boolean
  readonly latencyOf: (change: ShopChange) => number | undefined
  /** Totals since the beginning. */
  readonly numbers: () => StatusNumbers
}

const tickMs = 200
const ticksPerStatus = 5
/** Twenty lines a second are as many as can be followed. */
const linesPerTick = 4

/** A view that shows all changes while they are few, and an honest sample when they are many. */
export function createLiveView(options: LiveViewOptions): LiveView {
  const { screen, clock, topic, numbers } = options
  let landed: ShopChange[] = []
  let notShown = 0
  const show = (): void => {
    const changes = landed
    landed = []
    if (!options.hasChanges) return
    const chosen = sample(changes, linesPerTick, options.isRare)
    notShown += changes.length - chosen.length
    screen.print(chosen.map((change) => renderChange({ change, topic, latencyMs: options.latencyOf(change) }, screen)))
  }
  const showRest = (): void => {
    if (notShown === 0) return
    screen.print([screen.paint('dim', `        and ${notShown.toLocaleString('en-US')} more in this second`)])
    notShown = 0
  }
  return {
    land: (change) => {
      landed.push(change)
    },
    note: (line) => screen.print([line]),
    run: async (signal) => {
      const startedMs = clock.monotonic()
      let last = { ...numbers(), atMs: startedMs }
      for (let tick = 1; !signal.aborted; tick += 1) {
        const waitMs = startedMs + tick * tickMs - clock.monotonic()
        await clock.sleep(Math.max(0, waitMs), signal).catch(() => undefined) // an abort ends the loop
        show()
        if (tick % ticksPerStatus !== 0) continue
        showRest()
        const now = { ...numbers(), atMs: clock.monotonic() }
        const line = renderStatus({ last, now, startedMs })
        last = now
        if (screen.isTerminal) screen.setFooter(line)
        else screen.print([line])
      }
      showRest()
      screen.setFooter('')
    },
  }
}

/** At most `limit` of the values, in order: the rare ones, and of the others some that are evenly spread. */
export function sample<Value>(
  values: readonly Value[],
  limit: number,
  isRare: (value: Value) => boolean,
): readonly Value[] {
  if (values.length <= limit) return values
  const chosen = new Set(values.filter(isRare).slice(0, limit))
  const others = values.filter((value) => !chosen.has(value))
  const room = limit - chosen.size
  for (let at = 0; at < room; at += 1) {
    const other = others[Math.floor((at * others.length) / room)]
    if (other !== undefined) chosen.add(other)
  }
  return values.filter((value) => chosen.has(value))
}
