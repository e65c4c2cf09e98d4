import path from 'node:path'
import { spawnGuarded } from '../../src/hosts/demo/guarded-process.ts'
import { pythonEnvironment } from './python-environment.ts'

const folder = path.join(import.meta.dirname, '..', 'judges', 'kafka-connect-py')

/** One call of the client's, and what it gave to its caller or the status for which it raised an error. */
export interface ClientCall {
  readonly call: string
  readonly gave?: unknown
  readonly raised?: number | string
}

/**
 * Lets other people's client of Connect (`kafka-connect-py` of PyPI, pinned) lead a connector of the configuration through its life at
 * the address. Which calls it makes is in `drive.py`. Throws with what Python said if it did not come to its end.
 */
export async function driveWithPython(
  url: string,
  config: Readonly<Record<string, string>>,
): Promise<readonly ClientCall[]> {
  const environment = await pythonEnvironment({
    title: 'kafka-connect-py',
    name: 'kafka-connect-py',
    requirements: path.join(folder, 'requirements.txt'),
  })
  let output = ''
  let errors = ''
  const words = [path.join(folder, 'drive.py'), url, JSON.stringify(config)]
  const python = await spawnGuarded(path.join(environment, 'bin', 'python'), words, {
    cwd: folder,
    output: (text) => {
      output += text
    },
    errors: (text) => {
      errors += text
    },
  })
  const { code } = await python.closed
  if (code !== 0) throw new Error(`kafka-connect-py ended with ${code}: ${errors}`)
  const lines = output.split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line) as ClientCall)
}
