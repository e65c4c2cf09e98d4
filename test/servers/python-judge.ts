import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { cachedFolder } from '../../src/hosts/demo/cached-folder.ts'
import { spawnGuarded } from '../../src/hosts/demo/guarded-process.ts'
import { runTool } from '../../src/hosts/demo/run-tool.ts'
import type { Verdict } from './java-judge.ts'

const folder = path.join(import.meta.dirname, '..', 'judges', 'confluent-python')
const requirements = path.join(folder, 'requirements.txt')
const maxErrorChars = 20_000

/**
 * Reads a topic with Confluent's Python deserializers, which are installed with pip at the first use (40 MB). The meaning of
 * the lines is at the head of `read_topic.py`. It ends by itself, and with this process.
 */
export async function readWithConfluent(words: readonly string[]): Promise<Verdict> {
  const environment = await install()
  let output = ''
  let errors = ''
  const python = await spawnGuarded(
    path.join(environment, 'bin', 'python'),
    [path.join(folder, 'read_topic.py'), ...words],
    {
      cwd: folder,
      output: (text) => {
        output += text
      },
      errors: (text) => {
        errors = (errors + text).slice(-maxErrorChars)
      },
    },
  )
  const { code } = await python.closed
  return { exitCode: code, lines: output.split('\n').filter((line) => line !== ''), errors }
}

/** The folder of a virtual environment; it runs wherever it is moved to. */
function install(): Promise<string> {
  const version = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12)
  const title = "Confluent's Python deserializers"
  const report = (line: string): void => console.error(`test servers: ${line}`)
  return cachedFolder({
    name: path.join('python', `confluent-${version}`),
    onWait: () => report(`waiting for another process that is installing ${title}`),
    fill: async (empty) => {
      const options = { purpose: `installing ${title}`, cwd: empty }
      report(`installing ${title} with pip (once)`)
      await runTool('python3', ['-m', 'venv', '.'], options)
      await runTool(path.join(empty, 'bin', 'python'), ['-m', 'pip', 'install', '-q', '-r', requirements], options)
    },
  })
}
