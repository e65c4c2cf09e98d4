import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Agent, request } from 'undici'
import { hashPassword } from '../../src/hosts/server/access/password-hash.ts'
import type { Route } from '../../src/hosts/server/rest/route.ts'
import { routes } from '../../src/hosts/server/rest/routes.ts'
import { createCanaries } from '../fixtures/canaries.ts'
import type { Canaries } from '../fixtures/canaries.ts'
import { startRegistryDouble } from './registry-double.ts'
import type { RegistryDouble } from './registry-double.ts'
import { setScramPassword } from './scram-users.ts'
import { startSecuredKafka } from './secured-kafka.ts'
import type { SecuredKafka } from './secured-kafka.ts'
import { startServiceProcess } from './service-under-test.ts'
import type { RestAnswer, ServiceProcessUnderTest } from './service-under-test.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** What somebody outside could see, and where. */
export interface Sight {
  readonly where: string
  readonly text: string
}

/** How a request shows who makes it. */
export type Who = 'password' | 'token' | 'viewer' | 'wrong password' | 'wrong token' | 'nobody'

/** A request of a test. */
export interface Asked {
  readonly who?: Who
  /** A text is sent as it is. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

type Method = Route['method']

/** Two processes of a service whose every secret is a canary, on a broker that wants one, too. Everything that they answer is kept. */
export interface ServiceOfSecrets extends AsyncDisposable {
  readonly canaries: Canaries
  readonly broker: SecuredKafka
  /** A schema registry, and a token endpoint, that refuses everybody and says what it was sent. */
  readonly gossip: RegistryDouble
  /** Below it, `code` may be named by connectors, and `secrets.properties` be referred to (key `hmac`). */
  readonly folder: string
  readonly group: string
  readonly sights: readonly Sight[]
  ask(process: 0 | 1, method: Method, at: string, asked?: Asked): Promise<RestAnswer>
  /** Routes that nobody was answered by with such a status. */
  routesWithout(fits: (status: number) => boolean): readonly string[]
  /** SIGTERM to both; gives what they have logged. Rejects unless they end in order. */
  stop(): Promise<readonly Sight[]>
}

/** Starts broker and processes; `endpoint` is where connectors may say that DynamoDB is. */
export async function startServiceOfSecrets(endpoint: string): Promise<ServiceOfSecrets> {
  await using stack = new AsyncDisposableStack()
  const canaries = createCanaries()
  const folder = stack.use(await temporaryFolder()).path
  const kafka = path.join(folder, 'kafka')
  await mkdir(kafka)
  const superUsers = { 'super.users': 'User:ANONYMOUS;User:admin;User:scramuser;User:CN=mtls-client' }
  const broker = stack.use(await startSecuredKafka({ directory: kafka, extraProperties: superUsers }))
  const password = canaries.plant('sasl.jaas.config of the service')
  await setScramPassword(broker.kafka.bootstrapServers, { name: 'scramuser', password })
  const gossip = stack.use(await startRegistryDouble())
  const { properties, authorization } = await serviceFiles(folder, canaries, {
    endpoints: `${endpoint},${gossip.url}/*`,
    broker,
    password,
  })
  const env = {
    TAILRACE_CANARY: canaries.plant('a variable that is referred to'),
    AWS_SECRET_ACCESS_KEY: canaries.plant('AWS_SECRET_ACCESS_KEY of the process'),
    AWS_SESSION_TOKEN: canaries.plant('AWS_SESSION_TOKEN of the process'),
  }
  const start = async (format: string): Promise<ServiceProcessUnderTest> =>
    stack.use(
      await startServiceProcess({
        directory: folder,
        name: format,
        env,
        properties: { ...properties, 'log.format': format },
      }),
    )
  const processes = [await start('json'), await start('pretty')] as const
  const ca = await readFile(broker.certificates.authority)
  const agent = new Agent({ connect: { ca } })
  stack.defer(() => agent.close())
  const sights: Sight[] = []
  const statuses = new Map<Route, Set<number>>(routes.map((route) => [route, new Set()]))
  const resources = stack.move()
  return {
    canaries,
    broker,
    gossip,
    folder,
    group: properties['group.id'],
    sights,
    ask: async (at, method, target, { who = 'password', body, headers = {} } = {}) => {
      const credentials = authorization[who]
      const answer = await request(`${processes[at].url}${target}`, {
        method,
        dispatcher: agent,
        headers: {
          ...(credentials === undefined ? {} : { authorization: credentials }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
      })
      const text = await answer.body.text()
      const where = `process ${at}, ${method} ${target} by ${who}`
      sights.push({ where, text: `${answer.statusCode}\n${JSON.stringify(answer.headers)}\n${text}` })
      for (const [route, seen] of statuses) if (isOf(route, method, target)) seen.add(answer.statusCode)
      return { status: answer.statusCode, body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text }
    },
    routesWithout: (fits) =>
      [...statuses]
        .filter(([, seen]) => ![...seen].some(fits))
        .map(([{ method, path: pattern }]) => `${method} ${pattern}`),
    stop: async () => {
      const codes = await Promise.all(processes.map((process) => process.stop()))
      if (codes.some((code) => code !== 0)) throw new Error(`the processes ended with ${codes.join(' and ')}`)
      return processes.map((process, at) => ({ where: `log of process ${at}`, text: process.log() }))
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

function isOf({ method, path: pattern }: Route, asked: string, target: string): boolean {
  const [given, wanted] = [(target.split('?')[0] ?? '').split('/'), pattern.split('/')]
  return (
    method === asked &&
    given.length === wanted.length &&
    wanted.every((part, at) => part.startsWith(':') || part === given[at])
  )
}

interface ServiceFiles {
  readonly properties: Readonly<Record<string, string>> & { readonly 'group.id': string }
  readonly authorization: Readonly<Record<Who, string | undefined>>
}

/** Writes what the service reads. Every secret in it is known to the canaries. */
async function serviceFiles(
  folder: string,
  canaries: Canaries,
  {
    endpoints,
    broker: { kafka, certificates },
    password,
  }: { readonly endpoints: string; readonly broker: SecuredKafka; readonly password: string },
): Promise<ServiceFiles> {
  const [admin, viewer, token] = ['password of an admin', 'password of a viewer', 'token'].map((place) =>
    canaries.plant(place),
  )
  const hashes = [await hashPassword(admin ?? ''), await hashPassword(viewer ?? '')]
  const sha256 = createHash('sha256')
    .update(token ?? '')
    .digest('hex')
  for (const [at, hash] of [...hashes, sha256].entries()) canaries.know(`hash ${at}`, hash.slice(-40))
  const list = [`user admin ops ${hashes[0]}`, `user viewer look ${hashes[1]}`, `token admin deploy sha256:${sha256}`]
  await writeFile(path.join(folder, 'access'), list.join('\n'))
  await writeFile(path.join(folder, 'secrets.properties'), `hmac=${canaries.plant('a file that is referred to')}\n`)
  await mkdir(path.join(folder, 'code'))
  const key = await readFile(certificates.brokerKeystore, 'utf8')
  canaries.know('key of the https listener', key.split('\n')[3] ?? '')
  const basic = (name: string, secret = ''): string => `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`
  return {
    properties: {
      'group.id': 'secretive',
      'bootstrap.servers': kafka.listeners.get('SASL_SSL') ?? '',
      'security.protocol': 'SASL_SSL',
      'sasl.mechanism': 'SCRAM-SHA-512',
      'sasl.jaas.config': `org.apache.kafka.common.security.scram.ScramLoginModule required username="scramuser" password="${password}";`,
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': certificates.authority,
      listeners: 'https://127.0.0.1:0',
      'listeners.https.ssl.keystore.location': certificates.brokerKeystore,
      'listeners.https.ssl.truststore.location': certificates.authority,
      'rest.access.file': path.join(folder, 'access'),
      'rest.forward.secret': `forward-${canaries.plant('rest.forward.secret')}`,
      'connector.secrets.allow': `env:TAILRACE_CANARY,file:${folder}/secrets.properties`,
      'connector.files.allow': path.join(folder, 'code'),
      'connector.endpoints.allow': endpoints,
      'connector.client.config.override.policy': 'All',
      'log.level': 'trace',
    },
    authorization: {
      password: basic('ops', admin),
      viewer: basic('look', viewer),
      token: `Bearer ${token}`,
      'wrong password': basic('ops', canaries.plant('a wrong password')),
      'wrong token': `Bearer ${canaries.plant('a wrong token')}`,
      nobody: undefined,
    },
  }
}
