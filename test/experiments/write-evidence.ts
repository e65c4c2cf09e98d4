import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { renderEvidence } from './evidence-document.ts'
import { readEvidenceSet } from './evidence-set.ts'
import { RefusedStart } from './refused-start.ts'
import { experiments } from './registry.ts'

/** `npm run evidence`: makes docs/evidence.md and docs/evidence/ from what was counted. Charts of nothing are removed. */
const root = path.resolve(import.meta.dirname, '../..')
try {
  const files = renderEvidence(readEvidenceSet(root), experiments)
  const charts = path.join(root, 'docs', 'evidence')
  rmSync(charts, { recursive: true, force: true })
  for (const [name, text] of files) {
    const file = path.join(root, 'docs', name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  console.log(`docs/evidence.md and ${files.size - 1} charts are written`)
} catch (error) {
  if (!(error instanceof RefusedStart)) throw error
  console.error(`evidence: ${error.message}`)
  process.exitCode = 2
}
