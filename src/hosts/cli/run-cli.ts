import { Command, CommanderError } from 'commander'
import { isAbort, TailraceError } from '../../errors.ts'
import { packageVersion } from '../package-version.ts'
import type { CommandContext, CommandResult } from './command-context.ts'
import type { CommandHost } from './command-host.ts'
import { commands } from './command-line.ts'
import { printError } from './print-error.ts'

/**
 * What the shell sees: 0 done; 1 failed while running, or a check found something; 2 the input was wrong and nothing was
 * started; 130 interrupted before the work was done.
 */
export type ExitCode = 0 | 1 | 2 | 130

/** Runs one command line (without `node` and the script). Never throws: errors are printed and become the exit code. */
export async function runCli(args: readonly string[], context: CommandContext): Promise<ExitCode> {
  let result: CommandResult = { exitCode: 0 }
  const program = createProgram(context, (reported) => {
    result = reported
  })
  try {
    await program.parseAsync([...args], { from: 'user' })
    return result.exitCode
  } catch (error) {
    return reportFailure(error, args, context)
  }
}

function createProgram(context: CommandContext, report: (result: CommandResult) => void): Command {
  const program = new Command('tailrace')
    .description('Every change of DynamoDB tables into Apache Kafka: in order per item, exactly once.')
    .version(packageVersion(), '-V, --version')
    .option('--json', 'write results and errors as JSON on standard output')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => void context.stderr.write(text),
      // Printed once, by printError.
      outputError: () => {},
    })
    .exitOverride()
  let workerFile: string | undefined
  const host: CommandHost = {
    context: {
      ...context,
      get workerFile() {
        return workerFile
      },
    },
    action:
      (run) =>
      async (...received) => {
        const command = received.findLast((one) => one instanceof Command)
        if (command === undefined) throw new TailraceError('INTERNAL', 'an action was called without its command')
        workerFile = command.opts<{ readonly worker?: string }>().worker
        report(await run(command))
      },
  }
  for (const register of commands) register(program, host)
  for (const command of leavesOf(program)) if (takesPipeline(command)) command.option(...workerOption)
  return program
}

/** Commands that do something themselves. */
function leavesOf(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf)
}

function takesPipeline({ registeredArguments: [first] }: Command): boolean {
  return first?.name() === 'config'
}

const workerOption = [
  '--worker <file>',
  "a Connect worker's properties, for how Kafka is reached where the pipeline file does not say it",
] as const

function reportFailure(error: unknown, args: readonly string[], context: CommandContext): ExitCode {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0
    // The help text that answers a command line without a command is on standard error already.
    if (error.code === 'commander.help') return 2
  }
  if (isAbort(error, context.signal)) {
    context.stderr.write('tailrace: interrupted\n')
    return 130
  }
  const shown =
    error instanceof CommanderError ? new TailraceError('USAGE', error.message.replace(/^error: /, '')) : error
  printError(shown, { context, isJson: args.includes('--json') })
  return shown instanceof TailraceError && shown.policy === 'refuse' ? 2 : 1
}
