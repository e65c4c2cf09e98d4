import { readdirSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { crashCoverageOf } from './crash-coverage.ts'
import type { CrashCoverage } from './crash-coverage.ts'
import { errorCodesSchema } from './error-codes-evidence.ts'
import type { ErrorCodes } from './error-codes-evidence.ts'
import { readEvidence, readIfThere, readJson } from './evidence-file.ts'
import type { Evidence } from './evidence.ts'
import { RefusedStart } from './refused-start.ts'

const count = z.int().nonnegative()

const mutantsSchema = z.strictObject({
  mutants: z.array(
    z.strictObject({
      id: z.string(),
      /** What was broken. */
      title: z.string(),
      /** The experiment or test that sees it; null: none does. */
      caughtBy: z.string().nullable(),
      seedsUntilCaught: z.strictObject({ median: z.number().nonnegative(), max: count }).nullable(),
      /** How often it was looked for, each time from another seed. */
      runs: count,
    }),
  ),
})

/** `evidence/mutants.json`: bugs that were planted to see whether the tests see them. */
export type Mutants = Readonly<z.infer<typeof mutantsSchema>>

/** Everything that docs/evidence.md is made from and that is no code. */
export interface EvidenceSet {
  /** In the order of their ids. */
  readonly evidence: readonly Evidence[]
  readonly mutants: Mutants | undefined
  readonly crashPoints: CrashCoverage | undefined
  readonly errorCodes?: ErrorCodes | undefined
  /** Markdown, written by hand: test/experiments/findings.md. */
  readonly findings: string | undefined
}

/** What there is besides the evidence of experiments. */
const otherFiles: ReadonlySet<string> = new Set(['mutants', 'error-codes'])

/** Reads the files of a checkout. A file that is broken, or that nothing would show, is refused by name. */
export function readEvidenceSet(root: string): EvidenceSet {
  const folder = path.join(root, 'evidence')
  const names = jsonFilesOf(folder)
  const ids = names.filter((name) => /^E\d/.test(name))
  const unknown = names.find((name) => !ids.includes(name) && !otherFiles.has(name))
  if (unknown !== undefined) throw new RefusedStart(`nobody knows what ${path.join(folder, `${unknown}.json`)} is`)
  const evidence = ids.map((id) => readEvidence(path.join(folder, `${id}.json`))).filter((found) => found !== undefined)
  return {
    evidence,
    mutants: readJson(path.join(folder, 'mutants.json'), mutantsSchema),
    crashPoints: crashCoverageOf(evidence),
    errorCodes: readJson(path.join(folder, 'error-codes.json'), errorCodesSchema),
    findings: readIfThere(path.join(root, 'test', 'experiments', 'findings.md')),
  }
}

/** Names without `.json`, in order; none when there is no such folder. */
function jsonFilesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .map((name) => path.basename(name, '.json'))
      .toSorted()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
