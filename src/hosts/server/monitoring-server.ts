import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What the monitoring endpoints ask. */
export interface MonitoringSources {
  /** The Prometheus page. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: string }>
  /** True while this process does its job: it has joined the group and holds what was assigned to it. */
  readonly isReady: () => boolean
}

/** A running server and the address it got. */
export interface MonitoringServer extends AsyncDisposable {
  readonly url: string
}

/**
 * Serves `/metrics`, `/livez` and `/readyz`. Liveness says only that the process answers: it must not fail when Kafka or
 * AWS are away, or an orchestrator would kill a worker that only has to wait.
 */
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
  const path = (request.url ?? '/').split('?')[0]
  const send = (status: number, body: string, contentType = 'text/plain; charset=utf-8'): void => {
    response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' })
    response.end(request.method === 'HEAD' ? undefined : body)
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(405, 'only GET\n')
  switch (path) {
    case '/metrics': {
      const page = await sources.metrics()
      return send(200, page.body, page.contentType)
    }
    case '/livez':
      return send(200, 'ok\n')
    case '/readyz':
      return sources.isReady() ? send(200, 'ready\n') : send(503, 'not ready\n')
    default:
      return send(404, 'there are /metrics, /livez and /readyz\n')
  }
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
