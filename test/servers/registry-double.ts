import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One request as it came. */
export interface RegistryCall {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** Answers instead of the registry, or does not answer at all. */
export type RegistryFault = (response: ServerResponse, call: RegistryCall) => void

/** A schema registry in memory that can be told to misbehave. It judges nothing: every schema is compatible with every other. */
export interface RegistryDouble extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string
  readonly calls: readonly RegistryCall[]
  /** The next requests are answered by these, one each, the later ones by the registry again. */
  fail(...faults: readonly RegistryFault[]): void
}

interface Stored {
  readonly id: number
  readonly schema: string
  readonly schemaType: string
  readonly references: unknown
}

/** Answers with that status and, as JSON, that body. */
export function answerWith(status: number, body: unknown, headers: Record<string, string> = {}): RegistryFault {
  return (response) =>
    void response
      .writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json', ...headers })
      .end(typeof body === 'string' ? body : JSON.stringify(body))
}

/** Listens on a free port of the loopback interface; `basePath` is in front of all its paths. */
export async function startRegistryDouble(basePath = ''): Promise<RegistryDouble> {
  const calls: RegistryCall[] = []
  const faults: RegistryFault[] = []
  const answer = createRegistry(basePath)
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const call: RegistryCall = { method, url, headers, body: Buffer.concat(chunks).toString('utf8') }
      calls.push(call)
      const fault = faults.shift() ?? answer
      fault(response, call)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${basePath}`,
    calls,
    fail: (...more) => void faults.push(...more),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function createRegistry(basePath: string): RegistryFault {
  const byId: Stored[] = []
  const subjects = new Map<string, Stored[]>()
  const store = (subject: string, text: string): Stored => {
    const { schema, schemaType = 'AVRO', references = [] } = JSON.parse(text) as Partial<Stored>
    const same = (one: Stored): boolean => one.schema === schema && one.schemaType === schemaType
    const stored = byId.find(same) ?? { id: byId.length + 1, schema: schema ?? '', schemaType, references }
    if (!byId.includes(stored)) byId.push(stored)
    const versions = subjects.get(subject) ?? []
    if (!versions.includes(stored)) versions.push(stored)
    subjects.set(subject, versions)
    return stored
  }
  return (response, call) => {
    const [path = ''] = call.url.slice(basePath.length).split('?')
    const [, room, name = '', rest, which] = path.split('/').map(decodeURIComponent)
    const reply = (status: number, body: unknown): void => answerWith(status, body)(response, call)
    const versions = subjects.get(name) ?? []
    if (room === 'config') return reply(200, { compatibilityLevel: 'BACKWARD' })
    if (room === 'schemas') {
      const found = byId.find(({ id }) => id === Number(rest))
      return found === undefined
        ? reply(404, { error_code: 40403, message: 'Schema not found' })
        : reply(200, { ...found, id: undefined })
    }
    if (room !== 'subjects') return reply(404, { error_code: 404, message: 'HTTP 404 Not Found' })
    if (call.method === 'POST' && rest === 'versions') return reply(200, { id: store(name, call.body).id })
    const asked = call.method === 'POST' ? (JSON.parse(call.body) as Stored).schema : versions.at(-1)?.schema
    const at = versions.findIndex(({ schema }) => schema === asked)
    const found = versions[at]
    if (found === undefined || (rest === 'versions' && which !== 'latest'))
      return reply(404, { error_code: 40401, message: `Subject '${name}' not found.` })
    return reply(200, { ...found, subject: name, version: at + 1 })
  }
}
