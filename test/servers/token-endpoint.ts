import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock as clock } from '../../src/async/system-clock.ts'

/** An OAuth 2 token endpoint on the loopback interface, for the client-credentials grant. */
export interface TokenEndpoint extends AsyncDisposable {
  readonly url: string
  /** Until when each token holds that it has handed out; wall clock milliseconds. */
  readonly expiries: readonly number[]
  /** False: every client is told that it is unknown. */
  isOpen: boolean
}

/** Hands out unsigned tokens, as a broker's development validator takes them, for any client and so many seconds. */
export async function startTokenEndpoint(subject: string, lifetimeS: number): Promise<TokenEndpoint> {
  const expiries: number[] = []
  const server = createServer((request, response) => {
    request.resume()
    const token = endpoint.isOpen ? unsignedToken(subject, lifetimeS) : undefined
    if (token !== undefined) expiries.push(clock.now() + lifetimeS * 1_000)
    response.writeHead(token === undefined ? 401 : 200, { 'content-type': 'application/json' })
    const body = token === undefined ? { error: 'invalid_client' } : { access_token: token, expires_in: lifetimeS }
    response.end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const endpoint: TokenEndpoint = {
    url: `http://127.0.0.1:${port}/token`,
    expiries,
    isOpen: true,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return endpoint
}

function unsignedToken(subject: string, lifetimeS: number): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const seconds = clock.now() / 1_000
  return `${part({ alg: 'none' })}.${part({ sub: subject, iat: seconds, exp: seconds + lifetimeS })}.`
}
