import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { buildMavenProject } from './maven-build.ts'

/** What a judge printed and how it ended. */
export interface Verdict {
  readonly exitCode: number | null
  /** Its standard output; the meaning of the lines is at the head of the judge's source. */
  readonly lines: readonly string[]
  /** Empty unless something went wrong in Java. */
  readonly errors: string
}

const judges = {
  'debezium-smt': { main: 'judge.DebeziumSmt', options: ['-Xmx256m'] },
  'flink-debezium': {
    main: 'judge.FlinkDebezium',
    options: ['-Xmx512m', '--add-opens=java.base/java.util=ALL-UNNAMED', '--add-opens=java.base/java.lang=ALL-UNNAMED'],
  },
} as const
const longestRunMs = 90_000

/**
 * Builds (once) and runs one of the programs in `test/judges`, which hand our records to other people's parsers. The
 * program ends by itself; one that hangs is killed.
 */
export async function runJudge(
  name: keyof typeof judges,
  settings: Readonly<Record<string, string>>,
): Promise<Verdict> {
  const { classpath } = await buildMavenProject(join(import.meta.dirname, '..', 'judges', name))
  const { main, options } = judges[name]
  const judgeArguments = Object.entries(settings).map(([key, value]) => `${key}=${value}`)
  const java = spawn(
    'java',
    ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', ...options, '-cp', classpath, main, ...judgeArguments],
    { stdio: ['ignore', 'pipe', 'pipe'], timeout: longestRunMs, killSignal: 'SIGKILL' },
  )
  const output: Buffer[] = []
  const errors: Buffer[] = []
  java.stdout.on('data', (chunk: Buffer) => output.push(chunk))
  java.stderr.on('data', (chunk: Buffer) => errors.push(chunk))
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    java.on('error', (cause) => reject(new Error('java could not be started; is it on the PATH?', { cause })))
    java.on('close', resolve)
  })
  const lines = Buffer.concat(output).toString('utf8').split('\n').slice(0, -1)
  return { exitCode, lines, errors: Buffer.concat(errors).toString('utf8') }
}
