import { once } from 'node:events'
import type { Command } from 'commander'
import { TailraceError } from '../../../errors.ts'
import { succeeded } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'
import { isJson } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'
import { loadPipeline } from '../load-pipeline.ts'
import { openInspector, openKafka } from '../open-kafka.ts'
import { outputTopics } from '../output-topics.ts'
import { readPipelineLedger } from '../../ledger/pipeline-ledger.ts'
import { recordJson, recordLine } from '../tailed-record.ts'
import { tailTopics } from '../topic-tail.ts'
import type { TailStart, TailedRecord } from '../topic-tail.ts'

interface TailFlags {
  readonly table?: string
  readonly from: string
  readonly max?: string
  readonly follow: boolean
}

/** `tailrace tail <config>`: the changes as a read_committed reader gets them, until Ctrl-C. */
export function registerTail(program: Command, { context, action }: CommandHost): void {
  program
    .command('tail')
    .description('follow the changes in the topics, as a read_committed reader gets them')
    .argument('<config>', 'the pipeline file')
    .option('--table <name>', 'only this table')
    .option('--from <start>', 'beginning, end, or an offset (of each partition)', 'end')
    .option('--max <records>', 'end after so many records')
    .option('--no-follow', 'end at what is committed now')
    .action(
      action(async (command) => {
        const flags = command.opts<TailFlags>()
        const from = readStart(flags.from)
        const max = readMax(flags.max)
        const config = await loadPipeline(command.args[0] ?? '', context)
        await using kafka = openKafka(config, context)
        await using inspector = openInspector(config, context)
        const ledger = await readPipelineLedger(config, kafka, context.signal)
        const topics = await outputTopics(config, { ledger, inspector, table: flags.table }, context.signal)
        const enough = new AbortController()
        const write = writer(context, { isJson: isJson(command), max, onEnough: () => enough.abort() })
        const { clock, rng } = context
        const onTrouble = (error: TailraceError): void => {
          context.stderr.write(`tailrace: [${error.code}] ${context.redactor.redact(error.message)}; trying again\n`)
        }
        const options = { kafka, topics, from, isFollowing: flags.follow, clock, rng, onTrouble }
        try {
          if (max > 0) await tailTopics(options, write, AbortSignal.any([context.signal, enough.signal]))
        } catch (error) {
          // Being interrupted is how a tail ends.
          if (!context.signal.aborted && !enough.signal.aborted) throw error
        }
        return succeeded
      }),
    )
}

function readStart(text: string): TailStart {
  if (text === 'beginning' || text === 'end') return text
  if (/^\d{1,18}$/.test(text)) return BigInt(text)
  throw new TailraceError('USAGE', '--from must be beginning, end, or an offset')
}

function readMax(text: string | undefined): number {
  if (text === undefined) return Infinity
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new TailraceError('USAGE', '--max must be a whole number')
}

function writer(
  { stdout, signal }: CommandContext,
  options: { readonly isJson: boolean; readonly max: number; readonly onEnough: () => void },
): (record: TailedRecord) => Promise<void> {
  let left = options.max
  return async (record) => {
    if (left === 0) return
    const line = options.isJson ? JSON.stringify(recordJson(record)) : recordLine(record)
    const hasRoom = stdout.write(`${line}\n`)
    if (--left === 0) options.onEnough()
    // A slow pipe is waited for: what was read would pile up in memory otherwise.
    if (!hasRoom) await once(stdout, 'drain', { signal })
  }
}
