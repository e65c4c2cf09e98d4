import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { monitoringAnswer, monitoringPath } from './monitoring-answers.ts'
import type { MonitoringSources } from './monitoring-answers.ts'

/** A running server and the address it got. */
export interface MonitoringServer extends AsyncDisposable {
  readonly url: string
}

/** Serves `/metrics`, `/livez` and `/readyz`. */
export async function startMonitoringServer(
  address: { readonly host: string; readonly port: number },
  sources: MonitoringSources,
): Promise<MonitoringServer> {
  const server = createServer((request, response) => {
    answer(request, response, sources).catch(() => {
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  })
  await listen(server, address)
  const bound = server.address() as AddressInfo
  const host = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address
  return {
    url: `http://${host}:${bound.port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, sources: MonitoringSources): Promise<void> {
  const path = monitoringPath((request.url ?? '/').split('?')[0] ?? '/')
  const send = (status: number, body: string, contentType = 'text/plain; charset=utf-8'): void => {
    response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' })
    response.end(request.method === 'HEAD' ? undefined : body)
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(405, 'only GET\n')
  if (path === undefined) return send(404, 'there are /metrics, /livez and /readyz\n')
  const { status, contentType, body } = await monitoringAnswer(path, sources)
  send(status, body, contentType)
}

function listen(server: Server, { host, port }: { readonly host: string; readonly port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
