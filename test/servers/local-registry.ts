import { rm } from 'node:fs/promises'
import { request } from 'node:http'
import path from 'node:path'
import { cachedFolder } from '../../src/hosts/demo/cached-folder.ts'
import { javaCommand, startServer, stopServer, withFreePorts } from '../../src/hosts/demo/local-server.ts'
import { runTool } from '../../src/hosts/demo/run-tool.ts'
import { temporaryFolder } from './temporary-folder.ts'

const version = '2.6.13.Final'
const title = `Apicurio Registry ${version}`
const basePath = '/apis/ccompat/v7'

/** A running schema registry of Confluent's protocol. */
export interface LocalRegistry extends AsyncDisposable {
  /** What `schema.registry.url` would be. */
  readonly url: string
  /** Kills it, as a crash would. */
  kill(): Promise<void>
  /** Starts it again on the same port, with what it knew. */
  restart(): Promise<void>
}

/**
 * Installs Apicurio Registry if need be (140 MB, by Maven) and starts it on a free port with compatibility BACKWARD, which is
 * Confluent's default and not its own. Takes eight seconds and 250 MB: only for tests that need a registry. What it knows is
 * in a temporary folder, which it leaves with.
 */
export async function startLocalRegistry(): Promise<LocalRegistry> {
  await using stack = new AsyncDisposableStack()
  const program = await install()
  const folder = stack.use(await temporaryFolder())
  const start = (port: number): ReturnType<typeof startServer> =>
    startServer({
      title,
      command: javaCommand(),
      args: [
        '-Xmx384m',
        '-XX:+UseSerialGC',
        '-XX:TieredStopAtLevel=1',
        `-Djava.io.tmpdir=${folder.path}`,
        // Without a delay of writing: what it has answered is there after a kill.
        `-DREGISTRY_DATASOURCE_URL=jdbc:h2:file:${path.join(folder.path, 'registry')};WRITE_DELAY=0`,
        '-Dquarkus.http.host=127.0.0.1',
        `-Dquarkus.http.port=${port}`,
        '-jar',
        path.join(program, `apicurio-registry-app-${version}-runner.jar`),
      ],
      cwd: folder.path,
      logFile: path.join(folder.path, `registry-${port}.log`),
      isReady: async () => (await ask(port, 'GET', '/config')) === 200,
    })
  const [port, first] = await withFreePorts(1, async ([free = 0]) => [free, await start(free)] as const)
  let server = first
  stack.defer(() => stopServer(server))
  const status = await ask(port, 'PUT', '/config', '{"compatibility":"BACKWARD"}')
  if (status !== 200) throw new Error(`${title} did not take the compatibility level (status ${status})`)
  const owned = stack.move()
  return {
    url: `http://127.0.0.1:${port}${basePath}`,
    kill: async () => {
      server.kill('SIGKILL')
      await server.exited
    },
    restart: async () => {
      server = await start(port)
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** The folder of the unpacked program. */
function install(): Promise<string> {
  const report = (line: string): void => console.error(`test servers: ${line}`)
  return cachedFolder({
    name: path.join('maven', `apicurio-registry-${version}`),
    onWait: () => report(`waiting for another process that is installing ${title}`),
    fill: async (folder) => {
      const options = { purpose: `installing ${title}`, cwd: folder }
      report(`installing ${title} with Maven (once)`)
      const artifact = `io.apicurio:apicurio-registry-app:${version}:tar.gz:all`
      const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy'
      await runTool('mvn', ['-B', goal, `-DoutputDirectory=${folder}`, `-Dartifact=${artifact}`], options)
      const archive = `apicurio-registry-app-${version}-all.tar.gz`
      await runTool('tar', ['xzf', archive], options)
      await rm(path.join(folder, archive))
    },
  })
}

/** The status of one request; undefined if there is no answer. */
function ask(port: number, method: string, room: string, body?: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/vnd.schemaregistry.v1+json' }
    const call = request({ host: '127.0.0.1', port, method, path: `${basePath}${room}`, headers, timeout: 5000 })
    call.once('error', () => resolve(undefined))
    call.once('timeout', () => call.destroy(new Error('no answer')))
    call.once('response', (response) => {
      response.resume().once('close', () => resolve(response.statusCode))
    })
    call.end(body)
  })
}
