import { request } from 'node:https'

/** What a request shows of who makes it, and what it brings. */
export interface SecuredRequest {
  /** As it goes over the wire: nobody tidies it up. */
  readonly path: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  /** A text goes as it is, anything else as JSON. */
  readonly body?: unknown
  /** PEM texts of a client certificate. */
  readonly certificate?: { readonly key: string; readonly cert: string } | undefined
}

/** An answer, its JSON read where it has some. */
export interface SecuredAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: unknown
}

/** Sends one request over a connection of its own to a server whose certificate says `localhost` and is the authority's. */
export function sendSecured(url: string, authority: string, sent: SecuredRequest): Promise<SecuredAnswer> {
  const { hostname, port } = new URL(url)
  const { path, method = 'GET', headers = {}, body, certificate } = sent
  const bytes = body === undefined ? undefined : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const type = bytes === undefined || typeof body === 'string' ? {} : { 'content-type': 'application/json' }
  const length = bytes === undefined ? {} : { 'content-length': String(bytes.length) }
  return new Promise((resolve, reject) => {
    const call = request({
      hostname,
      port,
      path,
      method,
      headers: { ...type, ...length, ...headers },
      agent: false,
      timeout: 60_000,
      // What `Host` says is up to the test.
      servername: 'localhost',
      ca: authority,
      ...certificate,
    })
    let isAnswered = false
    call.on('response', (response) => {
      isAnswered = true
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => (text += part))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: response.headers['content-type'] === 'application/json' ? JSON.parse(text) : text,
        }),
      )
      response.on('error', reject)
    })
    call.on('timeout', () => call.destroy(new Error(`no answer to ${method} ${path}`)))
    // A server that has refused a body need not read it to its end.
    call.on('error', (error) => (isAnswered ? undefined : reject(error)))
    call.end(bytes)
  })
}
