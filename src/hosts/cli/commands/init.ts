import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { Option } from 'commander'
import { isErrnoException } from '../errno.ts'
import { brokenRule } from '../../../config/read-values.ts'
import type { PropertyName } from '../../../config/properties.ts'
import { parseHostPort } from '../../../config/network-address.ts'
import { TailraceError } from '../../../errors.ts'
import { succeeded } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'
import { writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'
import { kafkaAccesses, pipelineFile } from '../pipeline-file.ts'
import type { PipelineAnswers } from '../pipeline-file.ts'
import { startInterview } from '../question.ts'
import type { Question } from '../question.ts'

interface InitFlags {
  readonly pipeline?: string
  readonly region?: string
  readonly tables?: readonly string[]
  readonly bootstrapServers?: string
  readonly access?: string
  readonly start?: string
}

/** `tailrace init [file]`: writes a commented pipeline file from flags, or from answers at a terminal. */
export function registerInit(program: Command, { context, action }: CommandHost): void {
  program
    .command('init')
    .description('write a pipeline file: from options, or from answers at a terminal')
    .argument('[file]', 'where to write it; never overwritten', 'pipeline.yaml')
    .option('--pipeline <name>', 'name of the pipeline')
    .option('--region <region>', 'AWS region of the tables')
    .option('--tables <names...>', 'table names, patterns or ARNs')
    .option('--bootstrap-servers <servers>', 'Kafka brokers, host:port separated by commas')
    .addOption(new Option('--access <kind>', 'how the brokers let clients in').choices(kafkaAccesses))
    .option('--start <position>', 'TRIM_HORIZON, LATEST or a time')
    .action(
      action(async (command) => {
        const file = command.processedArgs.map(String)[0] ?? 'pipeline.yaml'
        const answers = await collectAnswers(command.opts<InitFlags>(), context)
        writeNew(resolve(context.cwd, file), pipelineFile(answers))
        const text = `wrote ${file}; next: tailrace check ${file} --offline`
        writeResult(context, command, { json: { file, ...answers }, text })
        return succeeded
      }),
    )
}

type Answers = { readonly [K in keyof PipelineAnswers]: string }

/** In the order in which they are asked. */
function questions(context: CommandContext): readonly (readonly [keyof Answers, string, Question])[] {
  const region = context.env['AWS_REGION'] ?? context.env['AWS_DEFAULT_REGION']
  return [
    ['pipeline', '--pipeline', { text: 'Name of the pipeline', suggestion: 'tailrace', complaint: ruleOf('pipeline') }],
    [
      'region',
      '--region',
      {
        text: 'AWS region',
        ...(region === undefined ? {} : { suggestion: region }),
        complaint: ruleOf('source.region'),
      },
    ],
    [
      'tables',
      '--tables',
      { text: 'Tables (names or patterns, separated by commas)', complaint: ruleOf('source.tables') },
    ],
    ['bootstrapServers', '--bootstrap-servers', { text: 'Kafka brokers (host:port)', complaint: brokersComplaint }],
    [
      'access',
      '--access',
      { text: `Access to Kafka (${kafkaAccesses.join(', ')})`, suggestion: 'none', complaint: accessComplaint },
    ],
    ['start', '--start', { text: 'Start', suggestion: 'TRIM_HORIZON', complaint: ruleOf('source.start') }],
  ]
}

/** Flags first; what is missing is asked at a terminal, or else is its suggestion, or else is refused. */
async function collectAnswers(flags: InitFlags, context: CommandContext): Promise<PipelineAnswers> {
  const given = new Map<string, string | undefined>(Object.entries({ ...flags, tables: flags.tables?.join(',') }))
  const all = questions(context)
  const problems: string[] = []
  const answers = new Map<string, string>()
  using interview =
    context.isTerminal && all.some(([key]) => given.get(key) === undefined) ? startInterview(context) : undefined
  for (const [key, flag, question] of all) {
    const text = given.get(key)
    if (text === undefined && interview !== undefined) {
      answers.set(key, await interview.ask(question))
      continue
    }
    const answer = text ?? question.suggestion
    const complaint = answer === undefined ? 'is missing' : question.complaint(answer)
    if (complaint !== undefined) problems.push(`${flag} ${complaint}`)
    answers.set(key, answer ?? '')
  }
  if (problems.length > 0) throw new TailraceError('USAGE', problems.join('; '))
  return toAnswers((key) => answers.get(key) ?? '')
}

function toAnswers(answer: (key: keyof Answers) => string): PipelineAnswers {
  const access = kafkaAccesses.find((one) => one === answer('access')) ?? 'none'
  const tables = answer('tables')
    .split(',')
    .map((table) => table.trim())
  return {
    pipeline: answer('pipeline'),
    region: answer('region'),
    tables: tables.filter((table) => table !== ''),
    bootstrapServers: answer('bootstrapServers'),
    access,
    start: answer('start'),
  }
}

function ruleOf(name: PropertyName): (answer: string) => string | undefined {
  return (answer) => brokenRule(name, answer)
}

function brokersComplaint(answer: string): string | undefined {
  const isValid = answer.split(',').every((broker) => parseHostPort(broker.trim()) !== undefined)
  return isValid ? undefined : 'must be `host:port`, or several separated by commas'
}

function accessComplaint(answer: string): string | undefined {
  return kafkaAccesses.some((one) => one === answer) ? undefined : `must be one of ${kafkaAccesses.join(', ')}`
}

function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o644 })
  } catch (error) {
    const isThere = isErrnoException(error) && error.code === 'EEXIST'
    throw new TailraceError(
      isThere ? 'FILE_EXISTS' : 'FILE_UNWRITABLE',
      isThere ? `${path} exists and is not overwritten` : `${path} cannot be written`,
      { cause: error, details: { file: path } },
    )
  }
}
