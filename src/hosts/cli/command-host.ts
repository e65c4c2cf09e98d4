import type { Command } from 'commander'
import type { CommandContext, CommandResult } from './command-context.ts'

/** What a command is registered with. */
export interface CommandHost {
  readonly context: CommandContext
  /**
   * Makes a commander action of a function. The function gets the parsed command (options by `options(command)`, arguments
   * by `command.args`) and says how it went; what it throws is printed and becomes the exit code.
   */
  readonly action: (
    run: (command: Command) => Promise<CommandResult> | CommandResult,
  ) => (...received: unknown[]) => Promise<void>
}

/** True if `--json` was given, before or after the command's name. */
export function isJson(command: Command): boolean {
  return command.optsWithGlobals<{ json?: boolean }>().json === true
}

/** Writes one result: as JSON on one line, or as text for people. */
export function writeResult(
  context: CommandContext,
  command: Command,
  result: { readonly json: unknown; readonly text: string },
): void {
  const text = isJson(command) ? JSON.stringify(result.json) : result.text
  context.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
}
