import { request } from 'node:http'
import path from 'node:path'
import { startServer, stopServer, withFreePorts } from '../../src/hosts/demo/local-server.ts'
import { pythonEnvironment } from './python-environment.ts'
import { temporaryFolder } from './temporary-folder.ts'

const requirements = path.join(import.meta.dirname, '..', 'judges', 'moto', 'requirements.txt')
const title = 'moto'

/** A running moto: doubles of AWS services that are not ours. It checks no signature and no compatibility of schemas. */
export interface LocalMoto extends AsyncDisposable {
  readonly endpoint: string
}

/** Installs moto with pip if need be (120 MB) and starts it on a free port, knowing nothing. */
export async function startLocalMoto(): Promise<LocalMoto> {
  await using stack = new AsyncDisposableStack()
  const environment = await pythonEnvironment({ title, name: 'moto', requirements })
  const folder = stack.use(await temporaryFolder())
  const endpoint = await withFreePorts(1, async ([port = 0]) => {
    const server = await startServer({
      title,
      command: path.join(environment, 'bin', 'python'),
      args: ['-c', 'from moto.server import main; main()', '-H', '127.0.0.1', '-p', String(port)],
      cwd: folder.path,
      logFile: path.join(folder.path, `moto-${port}.log`),
      isReady: () => answers(port),
    })
    stack.defer(() => stopServer(server))
    return `http://127.0.0.1:${port}`
  })
  const owned = stack.move()
  return { endpoint, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request({ host: '127.0.0.1', port, method: 'GET', path: '/moto-api/data.json', timeout: 2000 })
    call.once('error', () => resolve(false))
    call.once('timeout', () => call.destroy(new Error('no answer')))
    call.once('response', (response) => {
      response.resume().once('close', () => resolve(response.statusCode === 200))
    })
    call.end()
  })
}
