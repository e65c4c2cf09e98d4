import { TailraceError } from '../../errors.ts'
import { spawnGuarded } from './guarded-process.ts'

/** How many of a tool's last lines an error shows. */
const shownLines = 15

/** What a tool needs to run, and what to call the job in messages. */
export interface ToolOptions {
  /** What the tool is for: the start of an error's message, such as "installing Apache Kafka". */
  readonly purpose: string
  readonly cwd: string
  readonly env?: NodeJS.ProcessEnv
  /** Each line of output as it comes. */
  readonly onLine?: (line: string) => void
  readonly signal?: AbortSignal
}

/**
 * Runs a command to its end. A command that is missing or fails is a LOCAL_SERVER error with its last lines. On abort it
 * is told to stop, and the promise rejects with the signal's reason once it has ended.
 */
export async function runTool(command: string, args: readonly string[], options: ToolOptions): Promise<void> {
  options.signal?.throwIfAborted()
  const lines = createLineSplitter(options.onLine)
  const tool = await spawnGuarded(command, args, {
    cwd: options.cwd,
    output: lines.write,
    ...(options.env === undefined ? {} : { env: options.env }),
  })
  const onAbort = (): void => tool.kill('SIGTERM')
  options.signal?.addEventListener('abort', onAbort, { once: true })
  const { code, signal } = await tool.exited
  options.signal?.removeEventListener('abort', onAbort)
  options.signal?.throwIfAborted()
  if (code === 0) return
  const reason = code === 127 ? 'was not found on the PATH' : `ended with ${signal ?? `exit code ${code}`}`
  throw new TailraceError('LOCAL_SERVER', `${options.purpose}: \`${command}\` ${reason}${quote(lines.last())}`, {
    details: { command, ...(code === null ? {} : { exitCode: code }) },
  })
}

/** The end of a log as the end of an error's message. */
export function quote(lines: readonly string[]): string {
  const shown = lines.filter((line) => line.trim() !== '').slice(-shownLines)
  return shown.length === 0 ? '' : `; its last lines:\n${shown.map((line) => `  ${line}`).join('\n')}`
}

function createLineSplitter(onLine: ToolOptions['onLine']): { write(text: string): void; last(): readonly string[] } {
  const recent: string[] = []
  let rest = ''
  const write = (text: string): void => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) {
      recent.push(part)
      if (recent.length > shownLines * 2) recent.shift()
      onLine?.(part)
    }
  }
  return { write, last: () => (rest === '' ? recent : [...recent, rest]) }
}
