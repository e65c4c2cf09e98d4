import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { seededRng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import { runCli } from '../../src/hosts/cli/run-cli.ts'
import { createRedactor } from '../../src/observe/redactor.ts'

/** How a command ended, and what it wrote. */
export interface CommandOutcome {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** A command that is still running. */
export interface RunningCommand {
  readonly ended: Promise<CommandOutcome>
  readonly output: () => { readonly stdout: string; readonly stderr: string }
  /** Types a line, as a person at a terminal. */
  readonly type: (line: string) => void
  /** As Ctrl-C does. */
  readonly interrupt: () => Promise<CommandOutcome>
  /** Resolves once standard output and error together match; rejects when the command ends without it, or after 20 s. */
  readonly printed: (pattern: RegExp) => Promise<RegExpExecArray>
}

/** The command line, run in this process, with a folder of its own for pipeline files. */
export interface CliUnderTest extends Disposable {
  readonly folder: string
  /** Writes a pipeline file; returns its name, to be given to commands. */
  readonly file: (name: string, text: string) => string
  readonly start: (args: readonly string[], options?: { readonly isTerminal?: boolean }) => RunningCommand
  readonly run: (...args: readonly string[]) => Promise<CommandOutcome>
  /** `run` with `--json`, and what it printed. */
  readonly json: (...args: readonly string[]) => Promise<{ readonly exitCode: number; readonly result: unknown }>
}

/** Any credentials do for local servers; the SDK's provider chain reads them from the process. */
export function useLocalCredentials(): void {
  process.env['AWS_ACCESS_KEY_ID'] = 'AKIDEXAMPLE'
  process.env['AWS_SECRET_ACCESS_KEY'] = 'local'
}

export function openCli(env: Readonly<Record<string, string>> = {}): CliUnderTest {
  useLocalCredentials()
  const folder = mkdtempSync(path.join(tmpdir(), 'tailrace-cli-'))
  const start: CliUnderTest['start'] = (args, { isTerminal = false } = {}) => {
    const stop = new AbortController()
    const out = sink()
    const err = sink()
    const stdin = new PassThrough()
    const running = runCli(args, {
      stdout: out.stream,
      stderr: err.stream,
      stdin,
      env,
      cwd: folder,
      isTerminal,
      signal: stop.signal,
      clock: systemClock,
      rng: seededRng(1),
      redactor: createRedactor(),
    })
    const output = (): { stdout: string; stderr: string } => ({ stdout: out.text(), stderr: err.text() })
    const ended = running.then((exitCode) => ({ exitCode, ...output() }))
    return {
      ended,
      output,
      type: (line) => void stdin.write(`${line}\n`),
      interrupt: () => {
        stop.abort(new DOMException('interrupted', 'AbortError'))
        return ended
      },
      printed: (pattern) => untilPrinted(pattern, () => `${out.text()}\n${err.text()}`, ended),
    }
  }
  const run: CliUnderTest['run'] = (...args) => start(args).ended
  return {
    folder,
    file: (name, text) => {
      writeFileSync(path.join(folder, name), text)
      return name
    },
    start,
    run,
    json: async (...args) => {
      const { exitCode, stdout, stderr } = await run(...args, '--json')
      try {
        return { exitCode, result: JSON.parse(stdout) as unknown }
      } catch (cause) {
        throw new Error(`${args.join(' ')} printed no JSON: ${stdout}${stderr}`, { cause })
      }
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function sink(): { readonly stream: Writable; readonly text: () => string } {
  const chunks: Buffer[] = []
  const stream = new Writable({
    write: (chunk: Buffer, _, done) => {
      chunks.push(chunk)
      done()
    },
  })
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') }
}

async function untilPrinted(
  pattern: RegExp,
  text: () => string,
  ended: Promise<CommandOutcome>,
): Promise<RegExpExecArray> {
  const deadline = systemClock.monotonic() + 20_000
  let hasEnded = false
  void ended.finally(() => {
    hasEnded = true
  })
  for (;;) {
    const isLast = hasEnded || systemClock.monotonic() > deadline
    const match = pattern.exec(text())
    if (match !== null) return match
    if (isLast) throw new Error(`${String(pattern)} was not printed: ${text()}`)
    await systemClock.sleep(50)
  }
}
