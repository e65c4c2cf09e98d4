import type { Readable, Writable } from 'node:stream'
import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import type { Redactor } from '../../observe/redactor.ts'

/**
 * The world as a command sees it, so that tests run commands in process. A command touches `process` nowhere else.
 */
export interface CommandContext {
  /** Results: what a pipe or `--json` reads. */
  readonly stdout: Writable
  /** Everything else: progress, questions, errors. */
  readonly stderr: Writable
  readonly stdin: Readable
  readonly env: Readonly<Record<string, string | undefined>>
  /** Relative paths of the command line start here. */
  readonly cwd: string
  /** True if a person can be asked: standard input and standard error are terminals. */
  readonly isTerminal: boolean
  /** Aborts at Ctrl-C or SIGTERM. A command that has finished its work returns; one that has not throws the reason. */
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly rng: Rng
  /** The Connect worker's file that the command line names, as it is typed there. */
  readonly workerFile?: string | undefined
  /** Hides secrets in errors; a command that loads a configuration adds its secrets here. */
  readonly redactor: Redactor
}

/** What a command reports to the shell besides its output. */
export type CommandResult = { readonly exitCode: 0 | 1 | 2 }

/** The command did what it was asked to. */
export const succeeded: CommandResult = { exitCode: 0 }

/** The command ran to its end and found something wrong (a failed check, a lost record). */
export const foundWrong: CommandResult = { exitCode: 1 }

/** The input must be corrected, and the command has said how; nothing was started. */
export const refused: CommandResult = { exitCode: 2 }
