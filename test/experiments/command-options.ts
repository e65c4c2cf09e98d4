import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { RefusedStart } from './refused-start.ts'
import { greatestPossibleSeed } from './seed-ranges.ts'

/** What was asked for on the command line of `npm run experiment`. */
export type CommandOptions =
  | { readonly kind: 'help'; readonly isAskedFor: boolean }
  | { readonly kind: 'list' }
  | RunRequest

/** Runs of one experiment. What is undefined is decided from the evidence, or from the tier. */
export interface RunRequest {
  readonly kind: 'run'
  readonly id: string
  readonly runs: number
  readonly seed: number | undefined
  readonly jobs: number | undefined
  /** Start over: what was counted before is forgotten. */
  readonly fresh: boolean
  /** Keep what was counted with another version of src/. */
  readonly extend: boolean
  /** Runs one seed again, whatever was counted, and writes nothing. */
  readonly replay: number | undefined
  /** Runs although src/ is not as committed, and writes nothing. */
  readonly allowDirty: boolean
  readonly json: boolean
}

/** Reads the arguments behind `npm run experiment --`; refuses what it does not understand. */
export function parseCommandOptions(args: readonly string[]): CommandOptions {
  const program = createProgram()
  try {
    program.parse([...args], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return { kind: 'help', isAskedFor: true }
    if (error instanceof CommanderError) throw new RefusedStart(error.message.replace(/^error: /, ''), { cause: error })
    throw error
  }
  const options = program.opts<Record<string, unknown> & { runs: number }>()
  const [id] = program.args
  if (options['list'] === true) return { kind: 'list' }
  if (id === undefined) return { kind: 'help', isAskedFor: false }
  return {
    kind: 'run',
    id,
    runs: options.runs,
    seed: options['seed'] as number | undefined,
    jobs: options['jobs'] as number | undefined,
    fresh: options['fresh'] === true,
    extend: options['extend'] === true,
    replay: options['replay'] as number | undefined,
    allowDirty: options['allowDirty'] === true,
    json: options['json'] === true,
  }
}

/** The usage text. */
export function usageText(): string {
  return createProgram().helpInformation()
}

function createProgram(): Command {
  return new Command('npm run experiment --')
    .description('Runs a fault experiment and adds its runs to evidence/<id>.json.')
    .argument('[id]', 'which experiment; --list shows them')
    .option('--runs <number>', 'how many runs', wholeNumber(1, 1_000_000), 1)
    .option(
      '--seed <number>',
      'seed of the first run (default: the next one that was not counted)',
      wholeNumber(0, greatestPossibleSeed),
    )
    .option('--jobs <number>', 'processes side by side (default: 2 for simulations, 1 otherwise)', wholeNumber(1, 64))
    .addOption(new Option('--fresh', 'start over: forget what was counted').conflicts('extend'))
    .option('--extend', 'keep what was counted with another version of src/')
    .addOption(
      new Option('--replay <seed>', 'run this seed again and write nothing')
        .argParser(wholeNumber(0, greatestPossibleSeed))
        .conflicts(['runs', 'seed', 'jobs', 'fresh', 'extend']),
    )
    .option('--allow-dirty', 'run although src/ is not as committed; nothing is written')
    .option('--json', 'one JSON object on standard output at the end; the runs are reported on standard error')
    .option('--list', 'show the experiments')
    .allowExcessArguments(false)
    .configureOutput({ writeOut: () => {}, outputError: () => {} })
    .exitOverride()
}

function wholeNumber(least: number, greatest: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    if (number >= least && number <= greatest) return number
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${greatest}.`)
  }
}
