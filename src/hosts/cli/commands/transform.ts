import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { TailraceError } from '../../../errors.ts'
import type { ChangedParts, ThreadOutcome } from '../../../transform/user-code/thread-messages.ts'
import { startThread } from '../../../transform/user-code/user-code-thread.ts'
import type { PageEnd, UserCodeThread } from '../../../transform/user-code/user-code-thread.ts'
import type { CommandContext, CommandResult } from '../command-context.ts'
import { foundWrong, succeeded } from '../command-context.ts'
import { isJson } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'
import { printable } from '../render.ts'
import { readSamples } from '../sample-changes.ts'
import type { SampleChange } from '../sample-changes.ts'

interface TransformFlags {
  readonly sample: string
  readonly table?: string
  readonly keys?: readonly string[]
  readonly timeout: string
}

/**
 * `tailrace transform test <files…>`: what the user's files make of samples. Unlike the log of a worker it shows values, and
 * the messages of the files' own errors. The result is 1 if one of the changes fails.
 */
export function registerTransform(program: Command, { context, action }: CommandHost): void {
  program
    .command('transform')
    .description('work on transforms: `tailrace transform test`')
    .command('test')
    .description('show what files of `transforms` make of sample changes')
    .argument('<files...>', 'TypeScript or JavaScript, in the order of calls')
    .requiredOption('--sample <file>', 'records of DynamoDB Streams, a Lambda event, or records of tailrace')
    .option('--table <name>', 'the name of the table, where the samples do not tell it')
    .option('--keys <names...>', 'the key attributes, where the samples do not tell them')
    .option('--timeout <ms>', 'how long one change may take', '10000')
    .action(
      action(async (command) => {
        const flags = command.opts<TransformFlags>()
        const samples = readSamples(readSample(flags.sample, context), { table: flags.table, keys: flags.keys ?? [] })
        const files = command.args.map((file) => resolve(context.cwd, file))
        return await testOn(samples, { files, timeoutMs: readTimeout(flags.timeout) }, context, isJson(command))
      }),
    )
}

function readSample(file: string, { cwd }: CommandContext): string {
  try {
    return readFileSync(resolve(cwd, file), 'utf8')
  } catch (error) {
    throw new TailraceError('USAGE', 'the file of --sample cannot be read', { cause: error })
  }
}

function readTimeout(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text)
  throw new TailraceError('USAGE', '--timeout must be a number of milliseconds')
}

/** The default of `transform.memory.max.bytes`. */
const memoryMaxBytes = 268_435_456

async function testOn(
  samples: readonly SampleChange[],
  code: { readonly files: readonly string[]; readonly timeoutMs: number },
  context: CommandContext,
  asJson: boolean,
): Promise<CommandResult> {
  const start = async (): Promise<UserCodeThread> => {
    const onOutput = (text: string): void => void context.stderr.write(text)
    const started = await startThread({ ...code, memoryMaxBytes, clock: context.clock, onOutput })
    if (!('problem' in started)) return started
    const { file, problem } = started
    throw new TailraceError('TRANSFORM_UNUSABLE', `transform ${file} cannot be used: ${problem}`, { details: { file } })
  }
  let thread = await start()
  let result: CommandResult = succeeded
  try {
    for (const [index, { event, table }] of samples.entries()) {
      context.signal.throwIfAborted()
      const { name, keySchema } = table
      const end = await thread.run({ changes: [{ event, topic: undefined }], table: { name, keySchema } })
      const outcome = outcomeOf(end, code.timeoutMs)
      if (outcome.kind === 'failed') result = foundWrong
      const sample = { number: index + 1, name, event }
      context.stdout.write(asJson ? `${JSON.stringify(outcomeJson(sample, outcome))}\n` : outcomeText(sample, outcome))
      if (end.kind === 'died') thread = await start()
    }
  } finally {
    await thread[Symbol.asyncDispose]()
  }
  return result
}

type Failed = Omit<Extract<ThreadOutcome, { kind: 'failed' }>, 'code'> & { readonly code: string }
type Shown = Extract<ThreadOutcome, { kind: 'passed' }> | Failed

function outcomeOf(end: PageEnd, timeoutMs: number): Shown {
  if (end.kind === 'done') {
    const [outcome] = end.outcomes
    if (outcome === undefined) throw new TailraceError('INTERNAL', 'a transform gave no outcome')
    return outcome
  }
  const deaths = {
    timeout: ['TRANSFORM_TIMEOUT', `took longer than ${timeoutMs} ms`],
    memory: ['TRANSFORM_MEMORY', `took more than ${memoryMaxBytes} bytes of memory`],
    crash: ['TRANSFORM_FAILED', 'ended its thread'],
  } as const
  const [code, problem] = deaths[end.of]
  return { kind: 'failed', code, file: end.file, problem, detail: problem }
}

interface Numbered {
  readonly number: number
  /** The table's. */
  readonly name: string
  readonly event: SampleChange['event']
}

function outcomeJson({ number, name, event }: Numbered, outcome: Shown): unknown {
  const about = { sample: number, table: name, operation: event.operation }
  if (outcome.kind === 'failed') {
    const { code, file, problem, detail } = outcome
    return { ...about, failed: { code, file, problem, detail } }
  }
  return { ...about, changes: outcome.changes.map((parts) => changeJson(event, parts)) }
}

/** Images in DynamoDB JSON, which shows of each value what type it has become. */
function changeJson(
  event: SampleChange['event'],
  { operation, oldImage, newImage, topic, headers }: ChangedParts,
): object {
  return {
    operation,
    topic: topic ?? null,
    headers: Object.fromEntries(
      headers.map(([header, content]) => [
        header,
        typeof content === 'string' ? content : { base64: Buffer.from(content).toString('base64') },
      ]),
    ),
    old: (oldImage === 'same' ? event.oldImage : oldImage) ?? null,
    new: (newImage === 'same' ? event.newImage : newImage) ?? null,
  }
}

function outcomeText({ number, name, event }: Numbered, outcome: Shown): string {
  const title = `${number}. ${event.operation} of table ${name}`
  if (outcome.kind === 'failed') {
    const { code, file, problem, detail } = outcome
    const more = detail === problem ? '' : `\n${indented(detail)}`
    return printable(`${title}: failed [${code}] ${file}: ${problem}${more}\n`)
  }
  if (outcome.changes.length === 0) return printable(`${title}: dropped\n`)
  const changes = outcome.changes.map((parts) => indented(JSON.stringify(changeJson(event, parts), undefined, 2)))
  const count = outcome.changes.length === 1 ? 'comes through' : `becomes ${outcome.changes.length} changes`
  return printable(`${title}: ${count}\n${changes.join('\n')}\n`)
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '   ')
}
