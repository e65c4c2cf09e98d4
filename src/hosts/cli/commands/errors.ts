import type { Command } from 'commander'
import { errorCatalogue } from '../../../error-catalogue.ts'
import type { ErrorEntry } from '../../../error-entries/error-entry.ts'
import { TailraceError } from '../../../errors.ts'
import { succeeded } from '../command-context.ts'
import { writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'
import { errorsMarkdown } from '../errors-markdown.ts'
import { renderPairs, renderTable } from '../render.ts'

/** `tailrace errors [code]`: what a code means and what to do about it; all of them without a code. */
export function registerErrors(program: Command, { context, action }: CommandHost): void {
  program
    .command('errors')
    .description('explain an error code, or list all of them')
    .argument('[code]', 'for example CONFIG_INVALID')
    .option('--markdown', 'print all of them as docs/errors.md has them')
    .action(
      action((command) => {
        const [code] = command.args
        if (command.opts<{ markdown?: boolean }>().markdown === true) context.stdout.write(errorsMarkdown())
        else if (code === undefined) writeResult(context, command, { json: errorCatalogue, text: list() })
        else writeResult(context, command, one(code))
        return succeeded
      }),
    )
}

const entries: ReadonlyMap<string, ErrorEntry> = new Map<string, ErrorEntry>(Object.entries(errorCatalogue))

function list(): string {
  const rows = [...entries].map(([code, { policy, cause }]) => [code, policy, cause])
  return renderTable([{ title: 'CODE' }, { title: 'POLICY' }, { title: 'CAUSE' }], rows)
}

function one(text: string): { readonly json: unknown; readonly text: string } {
  const code = text.toUpperCase()
  const entry = entries.get(code)
  if (entry === undefined) throw new TailraceError('USAGE', `there is no error code of this name`)
  const { cause, policy, remedy } = entry
  return {
    json: { code, policy, cause, remedy },
    text: renderPairs([
      ['code', code],
      ['policy', policy],
      ['cause', cause],
      ['remedy', remedy],
    ]),
  }
}
