import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import type { Mutant } from './mutant.ts'
import { mutants } from './mutants.ts'
import { plantMutant, root } from './planted-tree.ts'

/**
 * `npm run mutants [-- M4 M7 …] [--rows 5] [--seeds 2000]`: plants each bug in a copy of the checkout and shows who catches
 * it. Without names, all of them, and the result goes to evidence/mutants.json. Exit code 1 if one survives.
 */
interface Verdict {
  readonly id: string
  readonly title: string
  /** Null = it survived. */
  readonly caughtBy: string | null
  readonly seedsUntilCaught: { readonly median: number; readonly max: number } | null
  readonly runs: number
}

const { values, positionals } = readCommand()
const chosen = positionals.length === 0 ? mutants : positionals.map(mutantNamed)
const verdicts: Verdict[] = []
for (const mutant of chosen) {
  const verdict = await judge(mutant)
  verdicts.push(verdict)
  const seeds = verdict.seedsUntilCaught
  const after = seeds === null ? '' : ` after ${seeds.median} seeds (median of ${verdict.runs}; at most ${seeds.max})`
  process.stdout.write(`${mutant.id} ${mutant.title}: ${verdict.caughtBy ?? 'SURVIVED'}${after}\n`)
}
if (positionals.length === 0) {
  await writeFile(
    path.join(root, 'evidence', 'mutants.json'),
    `${JSON.stringify({ mutants: verdicts }, undefined, 2)}\n`,
  )
}
process.exitCode = verdicts.every(({ caughtBy }) => caughtBy !== null) ? 0 : 1

function readCommand(): {
  readonly values: { readonly rows: number; readonly seeds: number }
  readonly positionals: string[]
} {
  const options = { rows: { type: 'string', default: '5' }, seeds: { type: 'string', default: '2000' } } as const
  try {
    const { values: texts, positionals: names } = parseArgs({ options, allowPositionals: true })
    const [rows, seeds] = [Number(texts.rows), Number(texts.seeds)]
    if (!Number.isInteger(rows) || rows < 1 || !Number.isInteger(seeds) || seeds < 1) {
      throw new Error('--rows and --seeds take whole numbers from 1 on')
    }
    return { values: { rows, seeds }, positionals: names }
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
}

function mutantNamed(id: string): Mutant {
  const found = mutants.find((mutant) => mutant.id === id)
  if (found !== undefined) return found
  const list = mutants.map((mutant) => `  ${mutant.id.padEnd(4)} ${mutant.title}`).join('\n')
  return refuse(`there is no planted bug ${id}; these are there:\n${list}`)
}

function refuse(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(2)
}

async function judge(mutant: Mutant): Promise<Verdict> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tailrace-mutant-'))
  try {
    const tree = path.join(folder, 'tree')
    plantMutant(mutant, tree)
    return mutant.caughtBy.kind === 'tests' ? await judgeByTests(mutant, tree) : await judgeByWorlds(mutant, tree)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function judgeByTests(mutant: Mutant, tree: string): Promise<Verdict> {
  const { id, title, caughtBy } = mutant
  const files = caughtBy.kind === 'tests' ? caughtBy.files : []
  const vitest = path.join(tree, 'node_modules', 'vitest', 'vitest.mjs')
  const { code, output } = await run([vitest, 'run', '--bail', '1', ...files], tree)
  // Only a test that fails counts, not a file that cannot be loaded.
  const isCaught = code !== 0 && /Tests .*\d+ failed/.test(output)
  return { id, title, caughtBy: isCaught ? files.join(', ') : null, seedsUntilCaught: null, runs: 1 }
}

async function judgeByWorlds(mutant: Mutant, tree: string): Promise<Verdict> {
  const { id, title, caughtBy } = mutant
  const { experiment, overrides } = caughtBy.kind === 'worlds' ? caughtBy : { experiment: '', overrides: {} }
  const program = path.join(tree, 'test', 'mutants', 'first-failures.ts')
  const words = [program, JSON.stringify(overrides), String(values.rows), String(values.seeds)]
  const { code, output } = await run(words, tree)
  if (code !== 0) throw new Error(`the simulation of ${id} ended with ${code}:\n${output}`)
  const counts = JSON.parse(output.trim().split('\n').at(-1) ?? '[]') as (number | null)[]
  const found = counts.filter((count) => count !== null).sort((a, b) => a - b)
  const isCaught = found.length === counts.length
  const seeds = { median: found[Math.floor(found.length / 2)] ?? 0, max: found.at(-1) ?? 0 }
  return {
    id,
    title,
    caughtBy: isCaught ? experiment : null,
    seedsUntilCaught: isCaught ? seeds : null,
    runs: counts.length,
  }
}

function run(words: readonly string[], cwd: string): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve, reject) => {
    // Without colours, so that the output can be read.
    const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' }
    const child = spawn(process.execPath, words, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code: code ?? 1, output }))
  })
}
