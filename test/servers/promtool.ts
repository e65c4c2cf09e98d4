import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { cp, rm } from 'node:fs/promises'
import path from 'node:path'
import { cachedFolder } from '../../src/hosts/demo/cached-folder.ts'
import { spawnGuarded } from '../../src/hosts/demo/guarded-process.ts'
import { runTool } from '../../src/hosts/demo/run-tool.ts'

/** A module that needs Prometheus 3.15.1, and all of what that needs, by its hashes. */
const sources = path.join(import.meta.dirname, '..', 'judges', 'promtool')
const files = ['go.mod', 'go.sum']

/** What promtool said. It ends with 0 if all is well, with 3 for what its lint only advises, and otherwise with 1. */
export interface PromtoolVerdict {
  readonly exitCode: number | null
  /** Both its outputs, in the order in which they came. */
  readonly output: string
}

/** Runs promtool in `folder`; `stdin` is a file to read from. It is built by Go at the first use, which takes minutes. */
export async function runPromtool(
  words: readonly string[],
  { folder, stdin = '/dev/null' }: { readonly folder: string; readonly stdin?: string },
): Promise<PromtoolVerdict> {
  const tool = await promtool()
  let output = ''
  const command = ['-c', 'from=$1; shift; exec "$@" <"$from"', 'sh', stdin, tool, ...words]
  const child = await spawnGuarded('/bin/sh', command, {
    cwd: folder,
    output: (text) => {
      output += text
    },
  })
  const { code } = await child.closed
  return { exitCode: code, output }
}

/** The path of the program, built by Go and kept in the cache. */
async function promtool(): Promise<string> {
  const report = (line: string): void => console.error(`test servers: ${line}`)
  const hash = createHash('sha256')
  for (const file of files) hash.update(readFileSync(path.join(sources, file)))
  const folder = await cachedFolder({
    name: path.join('go', `promtool-${hash.digest('hex').slice(0, 12)}`),
    onWait: () => report('waiting for another process that is building promtool'),
    fill: async (empty) => {
      report('building promtool with Go (once; some minutes)')
      // A build cache of its own, taken away afterwards: it is a hundred times as large as the program.
      const cache = path.join(empty, 'build')
      for (const file of files) await cp(path.join(sources, file), path.join(empty, file))
      await runTool('go', ['build', '-tags', 'remove_all_sd', 'github.com/prometheus/prometheus/cmd/promtool'], {
        purpose: 'building promtool',
        cwd: empty,
        env: { ...process.env, GOCACHE: cache, CGO_ENABLED: '0' },
      })
      await rm(cache, { recursive: true, force: true })
    },
  })
  return path.join(folder, 'promtool')
}
