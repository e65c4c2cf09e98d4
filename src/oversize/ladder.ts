import type { Oversize, OversizedChange, OversizeStep } from './oversize.ts'

/** What somebody may want to hear of a change that was made smaller. */
export interface Shrinking {
  readonly table: string
  /** The name of the step that led to something that fits. */
  readonly strategy: string
}

/** A step by the name that the configuration gives it. */
export interface NamedStep {
  readonly name: string
  readonly step: OversizeStep
}

/** What to try, and in the end. */
export interface LadderOptions {
  readonly steps: readonly NamedStep[]
  readonly toDeadLetters: boolean
  readonly onShrunk: (shrinking: Shrinking) => void
}

/**
 * Tries one step after the other, each on the change as it was, so that a later one loses nothing to an earlier one that was
 * not enough. Where none helps, the records come back as they were.
 */
export function createLadder({ steps, toDeadLetters, onShrunk }: LadderOptions): Oversize {
  return {
    toDeadLetters,
    shrink: async (change: OversizedChange, signal) => {
      for (const { name, step } of steps) {
        const shrunk = await step.shrink(change, signal)
        if (shrunk === undefined) continue
        onShrunk({ table: change.table.name, strategy: name })
        return shrunk
      }
      return { records: change.records, attachments: [] }
    },
  }
}
