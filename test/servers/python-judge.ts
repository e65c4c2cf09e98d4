import path from 'node:path'
import { spawnGuarded } from '../../src/hosts/demo/guarded-process.ts'
import type { Verdict } from './java-judge.ts'
import { pythonEnvironment } from './python-environment.ts'

const folder = path.join(import.meta.dirname, '..', 'judges', 'confluent-python')
const requirements = path.join(folder, 'requirements.txt')
const maxErrorChars = 20_000

/**
 * Reads a topic with Confluent's Python deserializers, which are installed with pip at the first use (40 MB). The meaning of
 * the lines is at the head of `read_topic.py`. It ends by itself, and with this process.
 */
export async function readWithConfluent(words: readonly string[]): Promise<Verdict> {
  const environment = await pythonEnvironment({
    title: "Confluent's Python deserializers",
    name: 'confluent',
    requirements,
  })
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
