import { readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { resolveMavenArtifacts } from '../../src/hosts/demo/maven-artifacts.ts'
import type { MavenArtifacts } from '../../src/hosts/demo/maven-artifacts.ts'
import { javaCommand, startServer, stopServer, withFreePorts } from '../../src/hosts/demo/local-server.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** Which Connect the tests talk to. */
export const connectVersion = '4.3.0'

const artifacts: MavenArtifacts = {
  title: `Apache Kafka Connect ${connectVersion}`,
  name: `connect-${connectVersion}`,
  coordinates: [
    `org.apache.kafka:connect-runtime:${connectVersion}`,
    `org.apache.kafka:connect-file:${connectVersion}`,
    'org.apache.logging.log4j:log4j-slf4j-impl:2.24.3',
  ],
}

const logging = `status=error
appender.c.type=Console
appender.c.name=c
appender.c.layout.type=PatternLayout
appender.c.layout.pattern=%d %p %c{1} %m%n
rootLogger.level=warn
rootLogger.appenderRef.c.ref=c
`

/** A running worker of Kafka Connect, alone in its cluster. It ends with this process, whatever ends this process. */
export interface LocalConnect extends AsyncDisposable {
  /** Without a path. */
  readonly url: string
  /** Its own, for files that its connectors read. Leaves with it. */
  readonly folder: string
  readonly pid: number
}

/**
 * Installs Kafka Connect if need be (by Maven, once) and starts a distributed worker on a free port, with a group and three topics of
 * its own on the broker. Resolves when it says that it is healthy. Takes about 10 s and 250 MB.
 */
export async function startLocalConnect(bootstrapServers: string): Promise<LocalConnect> {
  await using stack = new AsyncDisposableStack()
  const jars = await resolveMavenArtifacts(artifacts, { onProgress: (line) => console.error(`test servers: ${line}`) })
  const names = (await readdir(jars)).filter((name) => name.endsWith('.jar')).toSorted()
  const folder = stack.use(await temporaryFolder())
  await writeFile(path.join(folder.path, 'log4j2.properties'), logging)
  const [url, server] = await withFreePorts(1, async ([port = 0]) => {
    await writeFile(path.join(folder.path, 'worker.properties'), workerProperties(bootstrapServers, port))
    const started = await startServer({
      title: artifacts.title,
      command: javaCommand(),
      args: [
        '-Xmx192m',
        '-XX:+UseSerialGC',
        '-XX:TieredStopAtLevel=1',
        '-Djava.net.preferIPv4Stack=true',
        `-Djava.io.tmpdir=${folder.path}`,
        '-Dlog4j2.configurationFile=log4j2.properties',
        '-cp',
        names.map((name) => path.join(jars, name)).join(path.delimiter),
        'org.apache.kafka.connect.cli.ConnectDistributed',
        'worker.properties',
      ],
      cwd: folder.path,
      logFile: path.join(folder.path, `connect-${port}.log`),
      isReady: () => isHealthy(port),
    })
    return [`http://127.0.0.1:${port}`, started] as const
  })
  stack.defer(() => stopServer(server))
  const owned = stack.move()
  return { url, folder: folder.path, pid: server.pid, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

function workerProperties(bootstrapServers: string, port: number): string {
  const group = `connect-${port}-${process.pid}`
  const json = 'org.apache.kafka.connect.json.JsonConverter'
  const properties: Readonly<Record<string, string | number>> = {
    'bootstrap.servers': bootstrapServers,
    'group.id': group,
    'config.storage.topic': `${group}-configs`,
    'config.storage.replication.factor': 1,
    'offset.storage.topic': `${group}-offsets`,
    'offset.storage.replication.factor': 1,
    'offset.storage.partitions': 1,
    'status.storage.topic': `${group}-status`,
    'status.storage.replication.factor': 1,
    'status.storage.partitions': 1,
    'key.converter': json,
    'value.converter': json,
    listeners: `http://127.0.0.1:${port}`,
    // Everything stands on the class path; its manifests say what is there.
    'plugin.discovery': 'service_load',
    'offset.flush.interval.ms': 500,
  }
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

async function isHealthy(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(2000) })
    await response.arrayBuffer()
    return response.status === 200
  } catch {
    return false
  }
}
