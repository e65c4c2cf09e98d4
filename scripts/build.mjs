import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** What a build depends on. */
const inputs = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json', 'scripts/build-function.mjs']

/**
 * Compiles src/ into dist/, and packs the Lambda function into dist/lambda/, unless dist/ was built from the same sources;
 * resolves with an exit code. The new dist/ is
 * made beside the old one and takes its place whole, so a failed build leaves the old one and no stale file survives.
 */
export async function buildIfChanged({ root, run, report }) {
  const dist = path.join(root, 'dist')
  const stamp = path.join(dist, '.inputs')
  const digest = digestOf(root)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return 0

  const startedAt = performance.now()
  const next = path.join(root, `dist.${process.pid}`)
  try {
    const code = await run(['tsc', '-p', 'tsconfig.build.json', '--outDir', next])
    if (code !== 0) return code
    // Loaded late: its packages may have been installed a moment ago.
    const { buildFunction } = await import('./build-function.mjs')
    await buildFunction({ root, folder: path.join(next, 'lambda') })
    writeFileSync(path.join(next, '.inputs'), digest)
    rmSync(dist, { recursive: true, force: true })
    renameSync(next, dist)
  } finally {
    rmSync(next, { recursive: true, force: true })
  }
  report(`built dist/ (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`)
  return 0
}

/** Names, sizes and times of all inputs. */
function digestOf(root) {
  const hash = createHash('sha256')
  for (const input of inputs) addTo(hash, root, input)
  return hash.digest('hex')
}

function addTo(hash, root, name) {
  const file = path.join(root, name)
  const stat = statSync(file)
  if (stat.isDirectory()) {
    for (const entry of readdirSync(file).toSorted()) addTo(hash, root, path.join(name, entry))
  } else {
    hash.update(`${name} ${stat.size} ${stat.mtimeMs}\n`)
  }
}
