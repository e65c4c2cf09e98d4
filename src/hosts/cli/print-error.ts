import { TailraceError } from '../../errors.ts'
import { causesOf, describeCause } from '../../observe/log-record.ts'
import { asError } from '../../observe/logger.ts'
import type { CommandContext } from './command-context.ts'
import { printable } from './render.ts'

/**
 * Shows an error: code, message, causes, what to do. As JSON it goes to standard output, where whoever asked for JSON
 * reads. What is not a `TailraceError` is shown as INTERNAL, with its stack for the report that we ask for.
 */
export function printError(error: unknown, to: { readonly context: CommandContext; readonly isJson: boolean }): void {
  const { context, isJson } = to
  const shown =
    error instanceof TailraceError
      ? error
      : new TailraceError('INTERNAL', 'an error that tailrace does not know', { cause: error })
  const hide = (text: string): string => printable(context.redactor.redact(text))
  const causes = causesOf(shown).map((cause) => hide(describeCause(cause)))
  const { code, details, message, remedy } = shown
  if (isJson) {
    const safeDetails = Object.fromEntries(
      Object.entries(details).map(([name, value]) => [name, typeof value === 'string' ? hide(value) : value]),
    )
    const body = { error: { code, message: hide(message), remedy, details: safeDetails, causes } }
    context.stdout.write(`${JSON.stringify(body)}\n`)
    return
  }
  const stack = error instanceof TailraceError ? undefined : asError(error).stack
  const lines = [
    `tailrace: [${code}] ${hide(message)}`,
    ...causes.map((cause) => `  because: ${cause}`),
    `  remedy: ${remedy}`,
    ...(stack === undefined ? [] : [hide(stack)]),
  ]
  context.stderr.write(`${lines.join('\n')}\n`)
}
