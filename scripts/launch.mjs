/**
 * The launcher behind every npm script: `node scripts/launch.mjs <job> [arguments]`.
 *
 * It runs on the Node.js that the machine has (20 or newer), installs what package-lock.json asks for when it is not
 * there, builds when the sources have changed, and runs the job under the Node.js of `node_modules/node`, which comes
 * first on the job's PATH. When nothing is missing it needs no network.
 *
 * The scripts in package.json start it by `exec`: npm signals its shell, and a shell in between would die alone.
 *
 * Progress goes to stderr, so that a job's stdout stays its own. The exit code is the job's; 128 + n for a signal n.
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildIfChanged } from './build.mjs'
import { installIfChanged } from './install.mjs'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const binFolder = path.join(root, 'node_modules', '.bin')
const node24 = path.join(root, 'node_modules', 'node', 'bin', 'node')

/** The fast gates: everything that needs no server. */
const gates = [
  ['format', ['oxfmt', '--check', '.']],
  ['lint', ['oxlint']],
  ['types', ['tsc', '-p', 'tsconfig.json']],
  ['unit tests', ['vitest', 'run', '--project', 'unit']],
]

const jobs = {
  demo: async (args) => (await build()) || run(['node', 'bin/tailrace.js', 'demo', ...args]),
  test: async (args) => {
    if (args.length > 0) return (await build()) || run(['vitest', 'run', ...args])
    return (
      (await runGates(gates)) ||
      (await build()) ||
      (await stage('simulations', ['vitest', 'run', '--project', 'simulation', '--maxWorkers', '2'])) ||
      stage('tests on real servers', ['vitest', 'run', '--project', 'real'])
    )
  },
  check: () => runGates(gates),
  build: () => build(),
  bench: async (args) => (await build()) || run(['node', 'bench/bench.ts', ...args]),
  experiment: async (args) => (await build()) || run(['node', 'test/experiments/main.ts', ...args]),
  mutants: (args) => run(['node', 'test/mutants/main.ts', ...args]),
  judges: (args) => run(['node', 'test/judging/main.ts', ...args]),
  evidence: () => run(['node', 'test/experiments/write-evidence.ts']),
  format: (args) => run(['oxfmt', ...(args.length > 0 ? args : ['.'])]),
}

const running = new Set()
let stoppedBy

await main(process.argv.slice(2))

async function main([name, ...args]) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => passOn(signal))
  stopWithNpm()
  const job = Object.hasOwn(jobs, name ?? '') ? jobs[name] : undefined
  if (job === undefined) {
    report(`usage: node scripts/launch.mjs ${Object.keys(jobs).join('|')} [arguments]`)
    process.exitCode = 2
    return
  }
  process.exitCode = (await installIfChanged({ root, node24, run, report })) || (await job(args))
}

async function runGates(list) {
  for (const [title, command] of list) {
    const code = await stage(title, command)
    if (code !== 0) return code
  }
  return 0
}

/** One named step of a longer job, with its time. */
async function stage(title, command) {
  const startedAt = performance.now()
  report(`${title} …`)
  const code = await run(command)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  report(code === 0 ? `${title}: ok (${seconds} s)` : `${title}: failed with exit code ${code} (${seconds} s)`)
  return code
}

function build() {
  return buildIfChanged({ root, run, report })
}

/** Runs a command from the checkout's root with its tools first on the PATH; resolves with its exit code. */
function run([command, ...args], options = {}) {
  if (stoppedBy !== undefined) return Promise.resolve(128 + constants.signals[stoppedBy])
  const local = path.join(binFolder, command)
  const PATH = `${binFolder}${path.delimiter}${process.env.PATH ?? ''}`
  return new Promise((resolve) => {
    const child = spawn(existsSync(local) ? local : command, args, {
      cwd: root,
      env: { ...process.env, PATH },
      stdio: 'inherit',
      ...options,
    })
    running.add(child)
    child.once('error', (error) => {
      running.delete(child)
      report(`cannot run ${command}: ${error.message}`)
      resolve(127)
    })
    child.once('exit', (code, signal) => {
      running.delete(child)
      resolve(code ?? 128 + constants.signals[signal])
    })
  })
}

/**
 * Lets a signal reach the job once. A Ctrl-C in a terminal goes to every process of the foreground group, the job
 * included, and npm then sends it a second time: in a foreground group nothing is passed on, elsewhere the first one is.
 */
function passOn(signal) {
  const repeated = stoppedBy === signal
  stoppedBy = signal
  if (repeated || (signal !== 'SIGTERM' && isForeground())) return
  for (const child of running) child.kill(signal)
}

/** npm that is killed takes nobody with it: ends the job when the npm that started this launcher is gone. */
function stopWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return
  const npm = process.ppid
  setInterval(() => {
    if (process.ppid !== npm) passOn('SIGTERM')
  }, 500).unref()
}

/** True when a terminal sends its signals to this process's group (field 5 = group, 8 = the terminal's group). */
function isForeground() {
  try {
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1).split(' ')
    return fields[2] === fields[5]
  } catch {
    // No /proc (macOS): a process whose input is a terminal is nearly always in the foreground.
    return process.stdin.isTTY ?? false
  }
}

function report(line) {
  process.stderr.write(`tailrace: ${line}\n`)
}
