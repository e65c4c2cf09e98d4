import { spawn } from 'node:child_process'
import path from 'node:path'

/**
 * `node bench/bench.ts [suite…] [options]`: runs the named suites, all of them without a name, one after the other. A
 * suite is a program beside this file that ends with one JSON line; the options go to every suite that runs.
 */
const suites = [
  'serialize',
  'stream',
  'snapshot',
  'latency',
  'decode',
  'oversize',
  'formats',
  'kinesis',
  'lambda',
  'lambda-positions',
  'processes',
] as const

const args = process.argv.slice(2)
const firstOption = args.findIndex((arg) => arg.startsWith('-'))
const names = firstOption === -1 ? args : args.slice(0, firstOption)
const options = firstOption === -1 ? [] : args.slice(firstOption)
const unknown = names.find((name) => !suites.some((suite) => suite === name))

if (unknown === undefined) process.exitCode = await runAll(names.length === 0 ? suites : names)
else {
  console.error(`there is no suite ${unknown}; there are: ${suites.join(', ')}`)
  process.exitCode = 2
}

async function runAll(chosen: readonly string[]): Promise<number> {
  for (const name of chosen) {
    const code = await runSuite(name)
    if (code !== 0) return code
  }
  return 0
}

/** Resolves with the suite's exit code. A Ctrl-C reaches the suite by itself; a SIGTERM is passed on. */
function runSuite(name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(import.meta.dirname, `${name}.ts`), ...options], {
      stdio: 'inherit',
    })
    const passOn = (): void => void child.kill('SIGTERM')
    const ignore = (): void => undefined
    process.on('SIGTERM', passOn)
    process.on('SIGINT', ignore)
    child.once('error', reject)
    child.once('exit', (code) => {
      process.off('SIGTERM', passOn)
      process.off('SIGINT', ignore)
      resolve(code ?? 1)
    })
  })
}
