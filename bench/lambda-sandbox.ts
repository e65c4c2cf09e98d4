import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { spawnGuarded } from '../src/hosts/demo/guarded-process.ts'

/** What an invocation answered, and what it took. */
export interface Invocation {
  readonly answer: unknown
  /** From the event's being there to the answer's; of the first one from the start of the process on. */
  readonly wallMs: number
  /** Of the process, during the invocation; of the first one from its start on. */
  readonly cpuMs: number
  /** Largest resident set of the process so far. */
  readonly peakMiB: number
}

/** A process that runs one function, as a sandbox of Lambda does. Disposing kills it. */
export interface Sandbox extends AsyncDisposable {
  /** One at a time. Rejects when the function threw, or when the process has ended. */
  invoke(event: Buffer): Promise<Invocation>
}

/** How a sandbox is started. */
export interface SandboxOptions {
  /** A module that serves the Runtime API. */
  readonly program: string
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
}

const timeoutMs = 60_000

/** Makes a sandbox. Its process starts with the first invocation, whose event is waiting for it then. */
export async function openSandbox(options: SandboxOptions): Promise<Sandbox> {
  await using stack = new AsyncDisposableStack()
  const api = createApi()
  stack.use(api)
  const address = await api.listen()
  let isStarted = false
  let cpuBefore = 0
  let output = ''
  const owned = stack.move()
  return {
    invoke: async (event) => {
      const startedAt = performance.now()
      const answered = api.offer(event)
      if (!isStarted) {
        isStarted = true
        const child = await spawnGuarded(process.execPath, [options.program], {
          cwd: options.folder,
          env: { PATH: process.env['PATH'], HOME: options.folder, ...options.env, AWS_LAMBDA_RUNTIME_API: address },
          output: (text) => (output += text),
        })
        owned.defer(async () => {
          child.kill('SIGKILL')
          await child.exited
        })
        void child.exited.then(() => api.fail(new Error(`the sandbox has ended:\n${output}`)))
      }
      const { isError, body, cpuMs, peakMiB } = await answered
      const wallMs = performance.now() - startedAt
      if (isError) throw new Error(`the function failed: ${body}\n${output}`)
      const spent = { cpuMs: cpuMs - cpuBefore, peakMiB, wallMs }
      cpuBefore = cpuMs
      return { answer: JSON.parse(body), ...spent }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

interface Answer {
  readonly isError: boolean
  readonly body: string
  readonly cpuMs: number
  readonly peakMiB: number
}

interface Api extends AsyncDisposable {
  listen(): Promise<string>
  offer(event: Buffer): Promise<Answer>
  fail(error: Error): void
}

/** The Runtime API for one sandbox: hands out one event at a time, and takes what came of it. */
function createApi(): Api {
  let event: Buffer | undefined
  let parked: ServerResponse | undefined
  let pending = Promise.withResolvers<Answer>()
  pending.promise.catch(() => undefined)

  const handOut = (): void => {
    if (parked === undefined || event === undefined) return
    parked.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': randomUUID(),
      'lambda-runtime-deadline-ms': String(Date.now() + timeoutMs),
      'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:us-east-1:123456789012:function:bench',
    })
    parked.end(event)
    parked = undefined
    event = undefined
  }
  const server = createServer((request, response) => {
    if (request.method === 'GET') {
      parked = response
      handOut()
      return
    }
    const { resolve, reject } = pending
    readAnswer(request).then(resolve, reject)
    response.writeHead(202).end()
  })
  return {
    listen: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(0, '127.0.0.1', () => resolve(`127.0.0.1:${(server.address() as AddressInfo).port}`))
      }),
    offer: (next) => {
      pending = Promise.withResolvers<Answer>()
      event = next
      handOut()
      return pending.promise
    },
    fail: (error) => pending.reject(error),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function readAnswer(request: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return {
    isError: request.url?.endsWith('/error') === true,
    body: Buffer.concat(chunks).toString(),
    cpuMs: Number(request.headers['x-cpu-ms']),
    peakMiB: Number(request.headers['x-peak-kib']) / 1024,
  }
}
