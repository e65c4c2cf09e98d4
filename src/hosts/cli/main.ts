import { systemClock } from '../../async/system-clock.ts'
import { systemRng } from '../../async/system-rng.ts'
import { createRedactor } from '../../observe/redactor.ts'
import { runCli } from './run-cli.ts'

const stop = new AbortController()

/** The first signal asks for an orderly end, the second one does not wait for it. */
function onSignal(): void {
  if (stop.signal.aborted) process.exit(130)
  stop.abort(new DOMException('interrupted', 'AbortError'))
}

process.on('SIGINT', onSignal)
process.on('SIGTERM', onSignal)
// The terminal was closed: what was made for this run (servers, folders) must still be cleared away.
process.on('SIGHUP', onSignal)
// `tailrace errors | head` closes our output early: that is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

process.exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  env: process.env,
  cwd: process.cwd(),
  isTerminal: process.stdin.isTTY && process.stderr.isTTY,
  signal: stop.signal,
  clock: systemClock,
  rng: systemRng,
  redactor: createRedactor(),
})
