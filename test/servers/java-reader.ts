import path from 'node:path'
import { buildMavenProject } from './maven-build.ts'
import { runJava } from './run-java.ts'

/** One record as Java's consumer read it; key, value and header values in base64. */
export interface JavaRecord {
  readonly partition: number
  readonly offset: number
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
  readonly headers: readonly (readonly [string, string | null])[]
}

/** `[partition, offset, key in base64, then the headers that were asked for, as text]`. */
export type CompactRecord = readonly [
  partition: number,
  offset: number,
  key: string | null,
  ...headers: (string | null)[],
]

/** The independent reader of the tests. Each call is one run of a JVM (about a second, and then a million records in a few), bounded in time. */
export interface JavaReader {
  /** Every record up to the end offsets of this moment, partition by partition as they come, in offset order within one. */
  readAll(topic: string, isolation?: Isolation): Promise<readonly JavaRecord[]>
  /** The same for large topics: keys and chosen headers only. */
  readCompact(topic: string, headers: readonly string[]): Promise<readonly CompactRecord[]>
  /** For each start offset of a partition: the offsets read from there to the end, as `first-last,first-last`. */
  readFromEachStart(topic: string, partition: number): Promise<ReadonlyMap<number, string>>
  /** Writes records to partition 0 as Java's producer compresses them. */
  write(
    topic: string,
    batch: { readonly compression: string; readonly records: number; readonly bytes: number },
  ): Promise<void>
}

type Isolation = 'read_committed' | 'read_uncommitted'

/** Builds the Java program on first use (Maven, once per machine) and points it at a broker. */
export async function createJavaReader(bootstrapServers: string): Promise<JavaReader> {
  const { classpath } = await buildMavenProject(path.join(import.meta.dirname, '..', 'judges', 'reader'))
  const run = (options: Readonly<Record<string, string | number>>): Promise<unknown[]> =>
    readLines(classpath, { bootstrap: bootstrapServers, ...options })
  return {
    readAll: async (topic, isolation = 'read_committed') =>
      (await run({ mode: 'records', topic, isolation })) as JavaRecord[],
    readCompact: async (topic, headers) =>
      (await run({ mode: 'compact', topic, headers: headers.join(',') })) as CompactRecord[],
    readFromEachStart: async (topic, partition) =>
      new Map((await run({ mode: 'each-start', topic, partition })) as [number, string][]),
    write: async (topic, batch) => void (await run({ mode: 'write', topic, ...batch })),
  }
}

async function readLines(classpath: string, options: Readonly<Record<string, string | number>>): Promise<unknown[]> {
  const lines: unknown[] = []
  const { exitCode, errors } = await runJava({
    classpath,
    main: 'judge.ReadTopic',
    flags: ['-Xmx256m'],
    words: Object.entries(options).map(([name, value]) => `${name}=${value}`),
    onLine: (line) => lines.push(JSON.parse(line)),
  })
  if (exitCode !== 0) throw new Error(`Java's consumer ended with ${exitCode}:\n${errors}`)
  return lines
}
