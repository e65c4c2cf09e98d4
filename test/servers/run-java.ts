import { withDeadline } from '../../src/async/clock.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import { spawnGuarded } from '../../src/hosts/demo/guarded-process.ts'

/** One run of a Java program. */
export interface JavaRun {
  readonly classpath: string
  readonly main: string
  /** For the virtual machine. */
  readonly flags: readonly string[]
  /** For the program. */
  readonly words: readonly string[]
  /** Each line of its standard output as it comes, without its end. What it throws kills the program and rejects the run. */
  readonly onLine: (line: string) => void
  /** 90 s, less than a test may last. */
  readonly longestRunMs?: number
}

/** How a Java program ended. */
export interface JavaEnd {
  readonly exitCode: number | null
  /** The end of its standard error. */
  readonly errors: string
}

const maxErrorChars = 20_000

/**
 * Runs a Java program to its end; every line has been handed over by then. It dies with this process, even on SIGKILL.
 * One that runs for too long is killed, and the promise rejects with its last complaints.
 */
export async function runJava(run: JavaRun): Promise<JavaEnd> {
  const { main, longestRunMs = 90_000 } = run
  let rest = ''
  let errors = ''
  let failure: Error | undefined
  const take = (text: string): void => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) run.onLine(line)
  }
  // One compiler and one collector: the programs are short, and the cores few.
  // Without a locale Java reads and writes ASCII.
  const flags = ['-Dfile.encoding=UTF-8', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...run.flags]
  const java = await spawnGuarded('java', [...flags, '-cp', run.classpath, main, ...run.words], {
    cwd: process.cwd(),
    output: (text) => {
      if (failure !== undefined) return
      try {
        take(text)
      } catch (error) {
        failure = new Error(`a line of ${main} could not be used`, { cause: error })
        java.kill('SIGKILL')
      }
    },
    errors: (text) => {
      errors = (errors + text).slice(-maxErrorChars)
    },
  })
  const { code } = await withDeadline(systemClock, longestRunMs, java.closed, () => {
    java.kill('SIGKILL')
    return new Error(`${main} did not end within ${longestRunMs} ms:\n${errors}`)
  })
  if (failure !== undefined) throw failure
  if (code === 127) throw new Error(`java could not be started; is it on the PATH?\n${errors}`)
  if (rest !== '') run.onLine(rest)
  return { exitCode: code, errors }
}
