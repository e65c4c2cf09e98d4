import { parseArgs } from 'node:util'
import { markdownTable } from '../experiments/markdown-table.ts'
import { isClean } from './judge.ts'
import type { Judgement } from './judge.ts'
import { judges } from './judges.ts'
import { runItemsCommand } from './items-main.ts'
import { ownServers } from './own-servers.ts'

/**
 * `npm run judges [-- flink debezium …] [--changes 10000]`: hands generated histories of a table to programs of other
 * people and prints what they made of them. Exit code 1 if one of them refuses a record, lets one through that it does
 * not know, or reads a change or a row that differs; 2 for words that mean nothing. `items` is another command: see
 * items-main.ts.
 */
if (process.argv[2] === 'items') process.exit(await runItemsCommand(process.argv.slice(3)))
const names = [...new Set(judges.map(({ name }) => name))]
const { changes, chosen } = readCommand()
const judgements: Judgement[] = []
{
  await using servers = ownServers(report)
  for (const judge of judges.filter(({ name }) => chosen.includes(name))) {
    const startedAt = performance.now()
    const judgement = await judge.judge(changes, servers)
    judgements.push(judgement)
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    report(`${judgement.judge}: ${isClean(judgement) ? 'clean' : 'NOT CLEAN'} (${seconds} s)`)
    if (judgement.complaint !== undefined) report(judgement.complaint)
  }
}
process.stdout.write(`${table()}\n`)
process.exitCode = judgements.every(isClean) ? 0 : 1

function table(): string {
  const head = ['judge', 'records', 'exceptions', 'pass-throughs', 'changes equal', 'rows equal']
  const rows = judgements.map(({ judge, records, exceptions, passThroughs, comparison }) => [
    judge,
    ...[records, exceptions, passThroughs].map((count) => count.toLocaleString('en')),
    share(comparison.equalChanges, comparison.changes),
    share(comparison.equalRows, comparison.rows) +
      (comparison.extraRows === 0 ? '' : `, ${comparison.extraRows} too many`),
  ])
  return markdownTable(head, rows)
}

function share(equal: number, all: number): string {
  return `${equal.toLocaleString('en')} of ${all.toLocaleString('en')}`
}

function readCommand(): { readonly changes: number; readonly chosen: readonly string[] } {
  try {
    const options = { changes: { type: 'string', default: '10000' } } as const
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    const count = Number(values.changes)
    if (!Number.isInteger(count) || count < 100) throw new Error('--changes takes a whole number from 100 on')
    const unknown = positionals.find((name) => !names.includes(name))
    if (unknown !== undefined) throw new Error(`there is no judge ${unknown}; there are ${names.join(', ')}`)
    return { changes: count, chosen: positionals.length === 0 ? names : positionals }
  } catch (error) {
    process.stderr.write(`judges: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(2)
  }
}

function report(line: string): void {
  process.stderr.write(`judges: ${line}\n`)
}
