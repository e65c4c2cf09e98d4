import { randomUUID } from 'node:crypto'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { systemClock } from '../../../src/async/system-clock.ts'
import type { GuardedProcess } from '../../../src/hosts/demo/guarded-process.ts'
import { kafkaProperties } from '../../../src/hosts/demo/kafka-properties.ts'
import { javaCommand, startServer, stopServer, withFreePorts } from '../../../src/hosts/demo/local-server.ts'
import { resolveMavenArtifacts } from '../../../src/hosts/demo/maven-artifacts.ts'
import type { MavenArtifacts } from '../../../src/hosts/demo/maven-artifacts.ts'
import { runTool } from '../../../src/hosts/demo/run-tool.ts'
import { connectKafka } from '../../servers/connected-kafka.ts'
import type { Brokers } from './brokers.ts'

/** Three brokers, of which any one may be missing. */
export interface ThreeBrokersOptions {
  readonly directory: string
  readonly artifacts: MavenArtifacts
  readonly extraProperties: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** One of them: its folder, its ports, and its process of now. */
interface Node {
  readonly directory: string
  readonly port: number
  process: GuardedProcess | undefined
}

const portsOfNode = 3
const javaFlags = [
  '-Xmx384m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Dlog4j2.configurationFile=log4j2.properties',
]

const logging = `status=error
appender.c.type=Console
appender.c.name=c
appender.c.layout.type=PatternLayout
appender.c.layout.pattern=%d %p %c{1} %m%n
rootLogger.level=warn
rootLogger.appenderRef.c.ref=c
`

/** Every topic has three replicas, and a write needs two of them. */
const replication = {
  'default.replication.factor': '3',
  'min.insync.replicas': '2',
  'offsets.topic.replication.factor': '3',
  'transaction.state.log.replication.factor': '3',
  'transaction.state.log.min.isr': '2',
  'share.coordinator.state.topic.replication.factor': '3',
  'share.coordinator.state.topic.min.isr': '2',
}

/** Formats three nodes that are brokers and controllers at once, and starts them together. */
export async function startThreeBrokers(options: ThreeBrokersOptions): Promise<Brokers> {
  const jars = await resolveMavenArtifacts(options.artifacts, { signal: options.signal })
  const names = (await readdir(jars)).filter((name) => name.endsWith('.jar')).toSorted()
  const classPath = names.map((name) => path.join(jars, name)).join(path.delimiter)
  return withFreePorts(3 * portsOfNode, async (ports) => {
    const nodes = await formatNodes(options, classPath, ports)
    const launch = async (node: Node): Promise<void> => {
      node.process = await launchNode(node, classPath, options.signal)
    }
    const dispose = async (): Promise<void> => {
      const alive = nodes.map(({ process }) => process).filter((process) => process !== undefined)
      for (const process of alive) process.kill('SIGKILL')
      await Promise.all(alive.map((process) => process.exited))
    }
    const started = await Promise.allSettled(nodes.map(launch))
    const failure = started.find((result) => result.status === 'rejected')
    if (failure !== undefined) {
      await dispose()
      throw failure.reason
    }
    return brokersOf(nodes, launch, dispose)
  })
}

function brokersOf(
  nodes: readonly Node[],
  launch: (node: Node) => Promise<void>,
  dispose: () => Promise<void>,
): Brokers {
  const at = (index: number): Node => {
    const node = nodes[index]
    if (node === undefined) throw new Error(`there is no broker ${index}`)
    return node
  }
  return {
    bootstrapServers: nodes.map(({ port }) => `127.0.0.1:${port}`).join(','),
    count: nodes.length,
    kill: async (index) => {
      at(index).process?.kill('SIGKILL')
      await at(index).process?.exited
    },
    stop: async (index) => {
      const { process } = at(index)
      if (process !== undefined) await stopServer(process)
    },
    restart: (index) => launch(at(index)),
    [Symbol.asyncDispose]: dispose,
  }
}

async function formatNodes(
  { directory, extraProperties, signal }: ThreeBrokersOptions,
  classPath: string,
  ports: readonly number[],
): Promise<readonly Node[]> {
  // The storage tool would take a leading dash for an option.
  const clusterId = Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url').replace(/^-/, 'A')
  const portOf = (node: number, door: number): number => ports[node * portsOfNode + door] ?? 0
  const voters = [0, 1, 2].map((node) => `${node + 1}@127.0.0.1:${portOf(node, 0)}`).join(',')
  return Promise.all(
    [0, 1, 2].map(async (node) => {
      const folder = path.join(directory, `broker-${node}-${randomUUID().slice(0, 4)}`)
      await mkdir(folder)
      const properties = kafkaProperties({
        dataFolder: path.join(folder, 'data'),
        ports: { controller: portOf(node, 0), internal: portOf(node, 1), plain: portOf(node, 2), listeners: [] },
        autoCreateTopics: false,
        listeners: [],
        extraProperties: {
          ...replication,
          ...extraProperties,
          'node.id': String(node + 1),
          'controller.quorum.voters': voters,
        },
      })
      await writeFile(path.join(folder, 'server.properties'), properties)
      await writeFile(path.join(folder, 'log4j2.properties'), logging)
      const tool = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', 'server.properties']
      const purpose = 'formatting the storage of Apache Kafka'
      await runTool(javaCommand(), [...javaFlags, '-cp', classPath, ...tool], { purpose, cwd: folder, signal })
      return { directory: folder, port: portOf(node, 2), process: undefined }
    }),
  )
}

function launchNode({ directory, port }: Node, classPath: string, signal: AbortSignal): Promise<GuardedProcess> {
  return startServer({
    title: 'Apache Kafka',
    command: javaCommand(),
    args: [...javaFlags, '-cp', classPath, 'kafka.Kafka', 'server.properties'],
    cwd: directory,
    logFile: path.join(directory, 'kafka.log'),
    isReady: () => answers(port),
    signal,
  })
}

/** A node answers metadata requests when it has found the others. */
async function answers(port: number): Promise<boolean> {
  await using kafka = connectKafka(`127.0.0.1:${port}`, { requestTimeoutMs: 2_000 })
  try {
    await kafka.cluster(AbortSignal.timeout(2_000))
    return true
  } catch {
    // Not listening yet; asked again until the deadline.
    await systemClock.sleep(100)
    return false
  }
}
