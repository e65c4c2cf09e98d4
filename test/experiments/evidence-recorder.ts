import type { Clock } from '../../src/async/clock.ts'
import { evidenceText, readIfThere, replaceFile } from './evidence-file.ts'
import { evidenceOfRun, joinEvidence } from './evidence.ts'
import type { Evidence, Origin } from './evidence.ts'
import type { Experiment } from './experiment.ts'
import type { FinishedRun } from './run-check.ts'

/** Simulations finish many runs a second; a crash costs at most the runs of this long. */
const saveEveryMs = 500

/** What a recorder needs. */
export interface RecorderOptions {
  readonly experiment: Experiment
  readonly base: Evidence | undefined
  readonly origin: Omit<Origin, 'date'>
  /** Undefined: nothing is written. */
  readonly file: string | undefined
  /** Which version of src/ there is now, as in `Origin`; asked before each write. */
  readonly sourceNow: () => string
  readonly clock: Clock
}

/** Adds finished runs to an evidence file. */
export interface EvidenceRecorder {
  /**
   * Counts the run and writes the file, unless it was written half a second ago. Throws when src/ is no longer what was
   * tested or when somebody else has written the file; then the runs since the last write are not counted.
   */
  record(run: FinishedRun): void
  /** Writes what is not written yet; throws like `record`. */
  flush(): void
  /** All that counts: what was there before and what was recorded. */
  readonly total: Evidence | undefined
}

/** Makes a recorder; `base` must be what the file holds, or undefined to start over. */
export function createEvidenceRecorder(options: RecorderOptions): EvidenceRecorder {
  const { clock, experiment, file, origin } = options
  let total = options.base
  let saved = total
  let savedAt = -Infinity
  let textOnDisk = file === undefined ? undefined : readIfThere(file)

  const save = (): void => {
    savedAt = clock.monotonic()
    if (file === undefined || total === undefined || total === saved) return
    try {
      if (options.sourceNow() !== origin.source) throw new Error('src/ has changed since the series began')
      if (readIfThere(file) !== textOnDisk) throw new Error(`somebody else has written ${file}`)
    } catch (error) {
      const lost = total.n - (saved?.n ?? 0)
      total = saved
      throw new Error(`the last ${lost} runs are not counted`, { cause: error })
    }
    const text = evidenceText(total)
    replaceFile(file, text)
    textOnDisk = text
    saved = total
  }

  return {
    get total() {
      return total
    },
    record: (run) => {
      const date = new Date(clock.now()).toISOString().slice(0, 10)
      const added = evidenceOfRun(experiment, run, { ...origin, date })
      total = total === undefined ? added : joinEvidence(total, added)
      if (clock.monotonic() - savedAt >= saveEveryMs) save()
    },
    flush: save,
  }
}
