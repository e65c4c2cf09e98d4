import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import path from 'node:path'
import { cachedFolder } from '../../src/hosts/demo/cached-folder.ts'
import { startServer, stopServer, withFreePorts } from '../../src/hosts/demo/local-server.ts'
import { runTool } from '../../src/hosts/demo/run-tool.ts'
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
  const environment = await install()
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

/** The folder of a virtual environment; it runs wherever it is moved to. */
function install(): Promise<string> {
  const version = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12)
  const report = (line: string): void => console.error(`test servers: ${line}`)
  return cachedFolder({
    name: path.join('python', `moto-${version}`),
    onWait: () => report(`waiting for another process that is installing ${title}`),
    fill: async (empty) => {
      const options = { purpose: `installing ${title}`, cwd: empty }
      report(`installing ${title} with pip (once)`)
      await runTool('python3', ['-m', 'venv', '.'], options)
      await runTool(path.join(empty, 'bin', 'python'), ['-m', 'pip', 'install', '-q', '-r', requirements], options)
    },
  })
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
