import { join } from 'node:path'
import { buildMavenProject } from './maven-build.ts'
import { runJava } from './run-java.ts'

/** What a judge printed and how it ended. */
export interface Verdict {
  readonly exitCode: number | null
  /** Its standard output; the meaning of the lines is at the head of the judge's source. */
  readonly lines: readonly string[]
  /** The end of its standard error; empty unless something went wrong in Java. */
  readonly errors: string
}

const judges = {
  'debezium-smt': { folder: 'debezium-smt', main: 'judge.DebeziumSmt', options: ['-Xmx256m'] },
  'connect-smt': { folder: 'debezium-smt', main: 'judge.ConnectSmt', options: ['-Xmx512m'] },
  'glue-serde': {
    folder: 'glue-serde',
    main: 'judge.GlueSerde',
    options: ['-Xmx512m', '-Daws.accessKeyId=local', '-Daws.secretAccessKey=local'],
  },
  'flink-debezium': {
    folder: 'flink-debezium',
    main: 'judge.FlinkDebezium',
    options: ['-Xmx512m', '--add-opens=java.base/java.util=ALL-UNNAMED', '--add-opens=java.base/java.lang=ALL-UNNAMED'],
  },
} as const

/**
 * Builds (once) and runs one of the programs in `test/judges`, which hand our records to other people's parsers. The
 * program ends by itself; one that hangs is killed, and the promise rejects.
 */
export async function runJudge(
  name: keyof typeof judges,
  settings: Readonly<Record<string, string>>,
): Promise<Verdict> {
  const { folder, main, options } = judges[name]
  const { classpath } = await buildMavenProject(join(import.meta.dirname, '..', 'judges', folder))
  const lines: string[] = []
  const { exitCode, errors } = await runJava({
    classpath,
    main,
    flags: options,
    words: Object.entries(settings).map(([key, value]) => `${key}=${value}`),
    onLine: (line) => lines.push(line),
  })
  return { exitCode, lines, errors }
}
