import { errorCatalogue } from '../../error-catalogue.ts'
import type { ErrorEntry, ErrorPolicy } from '../../error-entries/error-entry.ts'

const meanings: Readonly<Record<ErrorPolicy, string>> = {
  retry: 'tailrace waits and tries again, for ever',
  retake: 'the lane is taken again from what the ledger says',
  'stop-table': 'the table (or shard) stops; its neighbours go on',
  'stop-worker': 'this process ends (exit code 1); others go on',
  refuse: 'nothing is started (exit code 2)',
}

/** All error codes in Markdown, made from the catalogue. */
export function errorsMarkdown(): string {
  const entries: readonly (readonly [string, ErrorEntry])[] = Object.entries(errorCatalogue)
  const sections = entries.map(
    ([code, { policy, cause, remedy }]) =>
      `### ${code}\n\n${cause}\n\n- What tailrace does: ${meanings[policy]} (\`${policy}\`).\n- What to do: ${remedy}\n`,
  )
  return sections.join('\n')
}
