import { markdownTable } from '../experiments/markdown-table.ts'
import { roundTripsOfItems } from './round-trips-of-items.ts'

/**
 * `npm run judges -- items [1000000]`: generated items through every form that promises to lose nothing, and through the SDK's
 * own conversion. The same number gives the same items. Exit code 1 if one of our forms changed an item or refused it.
 */
export async function runItemsCommand(words: readonly string[]): Promise<number> {
  const items = Number(words[0] ?? '1000000')
  if (!Number.isInteger(items) || items < 1_000 || words.length > 1) {
    process.stderr.write('judges: items takes a whole number from 1000 on\n')
    return 2
  }
  let said = 0
  const counts = await roundTripsOfItems(items, (done) => {
    if (done < said + 50_000) return
    said = done
    process.stderr.write(`judges: ${done.toLocaleString('en')} items\n`)
  })
  const head = ['form', 'equal', 'silently changed', 'threw']
  const rows = counts.map(({ name, equal, changed, threw }) => [
    name,
    ...[equal, changed, threw].map((count) => count.toLocaleString('en')),
  ])
  process.stdout.write(`${markdownTable(head, rows)}\n`)
  const faulty = counts.filter(({ name, changed, threw }) => !name.startsWith('@aws-sdk/') && changed + threw > 0)
  for (const { name, first } of faulty) process.stderr.write(`judges: ${name}: ${first}\n`)
  return faulty.length === 0 ? 0 : 1
}
