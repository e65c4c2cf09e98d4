import { request } from 'node:http'
import path from 'node:path'
import { startServer, withFreePorts } from './local-server.ts'
import type { InstallOptions } from './maven-artifacts.ts'
import { npmPackageFolder } from './npm-package.ts'

const npmPackage = { title: 'Kinesis (kinesis-local)', name: 'kinesis-local', version: '0.6.2' }
const { title } = npmPackage

/** How a local Kinesis is to be. */
export interface LocalKinesisOptions extends InstallOptions {
  /** An existing folder for the log. Whoever made it removes it after `stop`. */
  readonly directory: string
  /** How long creating, splitting, merging and the like take; 20 by default. Milliseconds. */
  readonly changeMs?: number
}

/** A running Kinesis. Its data are in memory; it ends with this process, whatever ends this process. */
export interface LocalKinesis extends AsyncDisposable {
  /**
   * Such as `http://127.0.0.1:20000`. A request's region is taken from its signature, and its account from the access key if
   * that has twelve digits (else it is 000000000000); nothing is checked, and nothing is throttled.
   */
  readonly endpoint: string
  /** The same over TLS, with a certificate that nobody signed. */
  readonly tlsEndpoint: string
  readonly pid: number
  stop(): Promise<void>
}

/**
 * Installs kinesis-local if need be and starts it on two free ports of the loopback interface. Resolves when it lists its (no)
 * streams. The signal ends the start, not the server.
 */
export async function startLocalKinesis(options: LocalKinesisOptions): Promise<LocalKinesis> {
  const folder = await npmPackageFolder(npmPackage, options)
  options.onProgress?.(`starting ${title}`)
  return withFreePorts(2, async ([port = 0, tlsPort = 0]) => {
    const server = await startServer({
      title,
      command: process.execPath,
      args: ['--import', loopbackOnly, path.join(folder, 'main.js')],
      cwd: options.directory,
      env: {
        KINESIS_MOCK_PLAIN_PORT: String(port),
        KINESIS_MOCK_TLS_PORT: String(tlsPort),
        KINESIS_MOCK_CERT_PATH: path.join(folder, 'server.json'),
        ...Object.fromEntries(changes.map((change) => [`${change}_DURATION`, `${options.changeMs ?? 20}ms`])),
        SHARD_LIMIT: '10000',
        ON_DEMAND_STREAM_COUNT_LIMIT: '1000',
        SHOULD_PERSIST_DATA: 'false',
        LOG_LEVEL: 'WARN',
      },
      logFile: path.join(options.directory, `kinesis-${port}.log`),
      isReady: () => listsStreams(port),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    // Told to stop it would wait for idle connections, and it has nothing to save.
    const stop = async (): Promise<void> => {
      server.kill('SIGKILL')
      await server.exited
    }
    return {
      endpoint: `http://127.0.0.1:${port}`,
      tlsEndpoint: `https://127.0.0.1:${tlsPort}`,
      pid: server.pid,
      stop,
      [Symbol.asyncDispose]: stop,
    }
  })
}

const changes = [
  'CREATE_STREAM',
  'DELETE_STREAM',
  'REGISTER_STREAM_CONSUMER',
  'DEREGISTER_STREAM_CONSUMER',
  'START_STREAM_ENCRYPTION',
  'STOP_STREAM_ENCRYPTION',
  'MERGE_SHARDS',
  'SPLIT_SHARD',
  'UPDATE_SHARD_COUNT',
  'UPDATE_STREAM_MODE',
]

/** It listens by port alone, that is, on every interface, and has no option for that: its `listen` gets a host. */
const loopbackOnly = `data:text/javascript,${encodeURIComponent(`
import net from 'node:net'
const { listen } = net.Server.prototype
net.Server.prototype.listen = function (port, ...rest) {
  const then = rest.filter((argument) => typeof argument === 'function')
  return listen.call(this, { ...(typeof port === 'object' ? port : { port }), host: '127.0.0.1' }, ...then)
}
`)}`

/** It wants a signature's shape but does not check it. */
function listsStreams(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request({
      host: '127.0.0.1',
      port,
      method: 'POST',
      timeout: 2000,
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'Kinesis_20131202.ListStreams',
        'x-amz-date': '20260101T000000Z',
        authorization:
          'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0',
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
