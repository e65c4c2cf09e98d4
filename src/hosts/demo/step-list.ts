import type { Clock } from '../../async/clock.ts'
import type { Screen } from './screen.ts'

/** Long steps that run side by side, shown while they run and when they are done. */
export interface StepList extends AsyncDisposable {
  /** Runs a step under a name; it tells what it is doing in short lines. */
  run<Result>(title: string, work: (onProgress: (line: string) => void) => Promise<Result>): Promise<Result>
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const
const frameMs = 120
/** Without a terminal a step says something at most this often, and always at its beginning and end. */
const quietMs = 5_000

interface Step {
  doing: string
  readonly startedMs: number
  saidMs: number
}

/** Shows steps on a screen: on a terminal as one moving line, elsewhere as lines that come seldom. */
export function createStepList(screen: Screen, clock: Clock): StepList {
  const steps = new Set<Step>()
  const stop = new AbortController()
  const drawing = screen.isTerminal ? animate({ screen, clock, steps }, stop.signal) : Promise.resolve()
  const secondsSince = (startedMs: number): string => `${((clock.monotonic() - startedMs) / 1000).toFixed(1)} s`
  return {
    run: async (title, work) => {
      const nowMs = clock.monotonic()
      const step: Step = { doing: title, startedMs: nowMs, saidMs: Number.NEGATIVE_INFINITY }
      steps.add(step)
      try {
        const result = await work((line) => {
          step.doing = line
          if (screen.isTerminal || clock.monotonic() - step.saidMs < quietMs) return
          step.saidMs = clock.monotonic()
          screen.print([`${line} …`])
        })
        screen.print([`${screen.paint('green', '✓')} ${title} (${secondsSince(step.startedMs)})`])
        return result
      } finally {
        steps.delete(step)
      }
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await drawing
      screen.setFooter('')
    },
  }
}

async function animate(
  view: { readonly screen: Screen; readonly clock: Clock; readonly steps: ReadonlySet<Step> },
  signal: AbortSignal,
): Promise<void> {
  const { screen, clock, steps } = view
  for (let frame = 0; !signal.aborted; frame += 1) {
    const doing = [...steps].map((step) => {
      const seconds = Math.floor((clock.monotonic() - step.startedMs) / 1000)
      return seconds === 0 ? step.doing : `${step.doing} (${seconds} s)`
    })
    screen.setFooter(doing.length === 0 ? '' : `${frames[frame % frames.length]} ${doing.join('   ')}`)
    await clock.sleep(frameMs, signal).catch(() => undefined) // an abort ends the loop
  }
}
