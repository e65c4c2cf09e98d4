import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Connection, metadataV12 } from '@platformatic/kafka'
import type { GuardedProcess } from './guarded-process.ts'
import { kafkaProperties } from './kafka-properties.ts'
import type { KafkaPorts, LocalKafkaListener } from './kafka-properties.ts'
import { javaCommand, startServer, stopServer, withFreePorts } from './local-server.ts'
import { kafkaArtifacts, resolveMavenArtifacts } from './maven-artifacts.ts'
import type { InstallOptions, MavenArtifacts } from './maven-artifacts.ts'
import { runTool } from './run-tool.ts'

/** How a local broker is to be. */
export interface LocalKafkaOptions extends InstallOptions {
  /** An existing, empty folder for configuration, log and data. Whoever made it removes it after `stop`. */
  readonly directory: string
  /** The broker to run. Default: `kafkaArtifacts`. */
  readonly artifacts?: MavenArtifacts
  /** The `transaction.version` to finalize. Default: the broker's own (2). */
  readonly transactionVersion?: 0 | 1 | 2
  readonly autoCreateTopics?: boolean
  /** The port that clients of the plain listener are told, such as a fault proxy's. */
  readonly advertisedPort?: number
  readonly listeners?: readonly LocalKafkaListener[]
  readonly scramUsers?: readonly { readonly name: string; readonly password: string }[]
  /** Lines for `server.properties`; they win over the ones written here. */
  readonly extraProperties?: Readonly<Record<string, string>>
  readonly heapMegabytes?: number
  /** Write the archive of loaded classes, which makes every later start about 1 s faster, at the first `stop` (2 s). */
  readonly archiveClasses?: boolean
}

/** A running broker. It ends with this process, whatever ends this process. */
export interface LocalKafka extends AsyncDisposable {
  /** Where the plain listener listens; with `advertisedPort` clients are sent on from here. */
  readonly bootstrapServers: string
  /** Where the additional listeners listen, by name: `host:port` with the advertised host. */
  readonly listeners: ReadonlyMap<string, string>
  /** The Java process; another one after each `restart`. */
  readonly pid: number
  readonly logFile: string
  /** Ends the broker in order. Data stay in the folder. */
  stop(): Promise<void>
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
  /** Starts it again on the same ports and data, after `stop` first if it runs. */
  restart(): Promise<void>
}

const javaFlags = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Djava.net.preferIPv4Stack=true']

const logging = `status=error
appender.c.type=Console
appender.c.name=c
appender.c.layout.type=PatternLayout
appender.c.layout.pattern=%d %p %c{1} %m%n
rootLogger.level=warn
rootLogger.appenderRef.c.ref=c
`

/** Everything about one broker that does not change while it lives. */
interface Installation {
  readonly options: LocalKafkaOptions
  readonly classPath: string
  readonly archive: string
  readonly clusterId: string
  readonly logFile: string
}

/** One life of the broker's process, and the file into which it will write its classes as it ends. */
interface Run {
  readonly broker: GuardedProcess
  readonly newArchive: string | undefined
}

/**
 * Installs Apache Kafka if need be, formats a single KRaft node in the folder and starts it on free loopback ports.
 * Resolves when the broker names itself in an answer to a metadata request. The signal ends the start, not the broker.
 */
export async function startLocalKafka(options: LocalKafkaOptions): Promise<LocalKafka> {
  const jars = await resolveMavenArtifacts(options.artifacts ?? kafkaArtifacts, options)
  const names = (await readdir(jars)).filter((name) => name.endsWith('.jar')).toSorted()
  const installation: Installation = {
    options,
    classPath: names.map((name) => path.join(jars, name)).join(path.delimiter),
    archive: `${jars}.jsa`,
    // The storage tool would take a leading dash for an option.
    clusterId: Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url').replace(/^-/, 'A'),
    logFile: path.join(options.directory, 'kafka.log'),
  }
  await writeFile(path.join(options.directory, 'log4j2.properties'), logging)
  options.onProgress?.('starting Apache Kafka')
  return withFreePorts(
    3 + (options.listeners?.length ?? 0),
    async ([controller = 0, internal = 0, plain = 0, ...rest]) => {
      const ports: KafkaPorts = { controller, internal, plain, listeners: rest }
      await format(installation, ports)
      return running(installation, ports, await launch(installation, ports))
    },
  )
}

async function format(installation: Installation, ports: KafkaPorts): Promise<void> {
  const { options, clusterId, classPath, logFile } = installation
  const { directory, signal, transactionVersion } = options
  const dataFolder = path.join(directory, 'data')
  const properties = kafkaProperties({
    dataFolder,
    ports,
    autoCreateTopics: options.autoCreateTopics ?? false,
    listeners: options.listeners ?? [],
    extraProperties: options.extraProperties ?? {},
    ...(options.advertisedPort === undefined ? {} : { advertisedPort: options.advertisedPort }),
  })
  await rm(dataFolder, { recursive: true, force: true })
  await rm(logFile, { force: true })
  await mkdir(dataFolder, { recursive: true })
  await writeFile(path.join(directory, 'server.properties'), properties)
  const users = (options.scramUsers ?? []).flatMap(({ name, password }) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${name},password=${password}]`,
    ]),
  )
  const feature = transactionVersion === undefined ? [] : ['--feature', `transaction.version=${transactionVersion}`]
  const tool = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', 'server.properties', ...feature, ...users]
  await runTool(javaCommand(), [...javaArguments(installation), '-cp', classPath, ...tool], {
    purpose: 'formatting the storage of Apache Kafka',
    cwd: directory,
    ...(signal === undefined ? {} : { signal }),
  })
}

async function launch(installation: Installation, ports: KafkaPorts): Promise<Run> {
  const { options, classPath, archive, clusterId, logFile } = installation
  const newArchive =
    options.archiveClasses === true && !existsSync(archive) ? `${options.directory}/classes.jsa` : undefined
  const flags = newArchive === undefined ? [] : [`-XX:ArchiveClassesAtExit=${newArchive}`]
  const broker = await startServer({
    title: 'Apache Kafka',
    command: javaCommand(),
    args: [...javaArguments(installation), ...flags, '-cp', classPath, 'kafka.Kafka', 'server.properties'],
    cwd: options.directory,
    logFile,
    isReady: () => answersAs(clusterId, ports.plain),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  return { broker, newArchive }
}

function running(installation: Installation, ports: KafkaPorts, first: Run): LocalKafka {
  let run = first
  const { options, archive, logFile } = installation
  const stop = async (): Promise<void> => {
    await stopServer(run.broker)
    if (run.newArchive !== undefined) await keepArchive(run.newArchive, archive)
  }
  return {
    bootstrapServers: `127.0.0.1:${ports.plain}`,
    listeners: new Map(
      (options.listeners ?? []).map(({ name, advertisedHost = '127.0.0.1' }, index) => [
        name,
        `${advertisedHost}:${ports.listeners[index]}`,
      ]),
    ),
    get pid() {
      return run.broker.pid
    },
    logFile,
    stop,
    kill: async () => {
      run.broker.kill('SIGKILL')
      await run.broker.exited
    },
    restart: async () => {
      if (run.broker.exit === undefined) await stop()
      run = await launch(installation, ports)
    },
    [Symbol.asyncDispose]: stop,
  }
}

/** A Java that does not know the archive, or knows it for another version, goes on without it. */
function javaArguments({ options, archive }: Installation): readonly string[] {
  const archived = existsSync(archive)
    ? [`-XX:SharedArchiveFile=${archive}`, '-Xlog:cds=off', '-Xlog:cds+dynamic=off']
    : []
  const heap = `-Xmx${options.heapMegabytes ?? 384}m`
  return [heap, ...javaFlags, ...archived, '-Dlog4j2.configurationFile=log4j2.properties']
}

/** Java writes the archive as it ends; a broker that was killed, or an old Java, leaves none. */
async function keepArchive(written: string, archive: string): Promise<void> {
  if (!existsSync(written)) return
  const partial = `${archive}.partial-${process.pid}`
  await copyFile(written, partial)
  await rename(partial, archive)
  await rm(written)
}

/** True when the broker on the port is the one of this cluster and lists itself as alive. */
async function answersAs(clusterId: string, port: number): Promise<boolean> {
  const connection = new Connection('tailrace-local', { connectTimeout: 1000, requestTimeout: 2000 })
  // A connection that fails says so here too, and then its promises may stay open.
  const failed = new Promise<never>((_, reject) => connection.on('error', reject))
  try {
    await Promise.race([connection.connect('127.0.0.1', port), failed])
    const metadata = await Promise.race([metadataV12.api.async(connection, [], false, false), failed])
    return metadata.clusterId === clusterId && metadata.brokers.length > 0
  } catch {
    // Not listening yet, or not answering: asked again until the deadline, when the log tells why.
    return false
  } finally {
    void connection.close()
  }
}
