import { TailraceError } from '../errors.ts'

/** What may be told of a failure. Nothing of an error that nobody knows: its words may hold anything. The log has it. */
export function knownFailure(error: unknown): TailraceError {
  return error instanceof TailraceError
    ? error
    : new TailraceError('INTERNAL', 'the pipeline failed unexpectedly; see the log')
}
