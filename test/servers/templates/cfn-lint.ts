import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { cachedFolder } from '../../../src/hosts/demo/cached-folder.ts'
import { spawnGuarded } from '../../../src/hosts/demo/guarded-process.ts'
import { runTool } from '../../../src/hosts/demo/run-tool.ts'

const requirements = path.join(import.meta.dirname, '..', '..', 'judges', 'cfn-lint', 'requirements.txt')

/** What AWS's linter of CloudFormation and SAM says about a file, one finding a line: `E3030 …`. Installed once (180 MB). */
export async function lintCloudFormation(file: string, ignored: readonly string[] = []): Promise<readonly string[]> {
  const environment = await install()
  let output = ''
  const take = (text: string): void => {
    output += text
  }
  const lint = await spawnGuarded(
    path.join(environment, 'bin', 'python'),
    [
      '-c',
      'import sys; from cfnlint.runner import main; sys.exit(main())',
      '--format',
      'parseable',
      ...(ignored.length === 0 ? [] : ['-i', ...ignored]),
      '-t',
      file,
    ],
    { cwd: path.dirname(file), output: take, errors: take },
  )
  const { code } = await lint.closed
  const findings = output.split('\n').flatMap((line) => /:([A-Z]\d{4}:.*)$/.exec(line)?.[1] ?? [])
  if ((code === 0) !== (findings.length === 0)) throw new Error(`cfn-lint ended with ${code}: ${output}`)
  return findings
}

function install(): Promise<string> {
  const version = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12)
  const report = (line: string): void => console.error(`test servers: ${line}`)
  return cachedFolder({
    name: path.join('python', `cfn-lint-${version}`),
    onWait: () => report('waiting for another process that is installing cfn-lint'),
    fill: async (empty) => {
      const options = { purpose: 'installing cfn-lint', cwd: empty }
      report('installing cfn-lint with pip (once)')
      await runTool('python3', ['-m', 'venv', '.'], options)
      await runTool(path.join(empty, 'bin', 'python'), ['-m', 'pip', 'install', '-q', '-r', requirements], options)
    },
  })
}
