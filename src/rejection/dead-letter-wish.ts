import type { TailraceError } from '../errors.ts'

/**
 * True for an error whose record is to become a dead letter even where others stop their table: whoever made the error was
 * configured so, and has set the detail `deadLetter: true`.
 */
export function wishesDeadLetter({ details }: TailraceError): boolean {
  return details['deadLetter'] === true
}
