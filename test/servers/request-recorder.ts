import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server that keeps whatever is sent to it, and answers 204. */
export interface RequestRecorder extends AsyncDisposable {
  readonly url: string
  /** Each request as a text: its first line, its headers, its body. */
  readonly requests: readonly string[]
}

/** Listens on a free port of 127.0.0.1. */
export async function startRequestRecorder(): Promise<RequestRecorder> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (part: string) => (body += part))
    request.on('end', () => {
      requests.push(`${request.method} ${request.url}\n${request.rawHeaders.join('\n')}\n\n${body}`)
      response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
