import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { cachedFolder } from '../../src/hosts/demo/cached-folder.ts'
import { runTool } from '../../src/hosts/demo/run-tool.ts'

/** Packages of Python and what they are for. */
export interface PythonPackages {
  /** For people. */
  readonly title: string
  /** For the cache folder. */
  readonly name: string
  /** The file that pins them. */
  readonly requirements: string
}

/** The folder of a virtual environment with the packages, installed with pip at the first use. It runs wherever it is moved to. */
export function pythonEnvironment({ title, name, requirements }: PythonPackages): Promise<string> {
  const version = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12)
  const report = (line: string): void => console.error(`test servers: ${line}`)
  return cachedFolder({
    name: path.join('python', `${name}-${version}`),
    onWait: () => report(`waiting for another process that is installing ${title}`),
    fill: async (empty) => {
      const options = { purpose: `installing ${title}`, cwd: empty }
      report(`installing ${title} with pip (once)`)
      await runTool('python3', ['-m', 'venv', '.'], options)
      await runTool(path.join(empty, 'bin', 'python'), ['-m', 'pip', 'install', '-q', '-r', requirements], options)
    },
  })
}
