import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { readFile, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { hashPassword } from '../../src/hosts/server/access/password-hash.ts'
import { makeCertificates } from './certificates.ts'
import { sendSecured } from './secured-request.ts'
import type { SecuredAnswer, SecuredRequest } from './secured-request.ts'
import { startServiceProcess } from './service-under-test.ts'
import type { ServiceProcessUnderTest } from './service-under-test.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** What somebody shows of themselves. */
export type Credentials = Pick<SecuredRequest, 'headers' | 'certificate'>

/** Two processes of one service behind TLS, and those who may use it. */
export interface SecuredService extends AsyncDisposable {
  readonly processes: readonly [ServiceProcessUnderTest, ServiceProcessUnderTest]
  readonly group: string
  readonly forwardSecret: string
  /** `grafana` (password, viewer), `ops` (password, operator), `boss` (password, admin). */
  basic(name: 'grafana' | 'ops' | 'boss', password?: string): Credentials
  /** The token of `deploy`, an operator. */
  readonly token: Credentials
  /** A certificate that is admin, and one of the same name whose authority nobody knows. */
  readonly certificate: Credentials
  readonly foreignCertificate: Credentials
  /** Everything that must not be in a log. */
  readonly secrets: readonly string[]
  send(process: ServiceProcessUnderTest, request: SecuredRequest): Promise<SecuredAnswer>
}

/** Starts them; disposing ends them. */
export async function startSecuredService(bootstrapServers: string): Promise<SecuredService> {
  await using opened = new AsyncDisposableStack()
  const { path: folder } = opened.use(await temporaryFolder())
  const [own, foreign] = [path.join(folder, 'own'), path.join(folder, 'foreign')]
  for (const each of [own, foreign]) await mkdir(each)
  const [certificates, others] = [await makeCertificates(own), await makeCertificates(foreign)]
  const secret = (): string => randomBytes(24).toString('base64url')
  const passwords = { grafana: secret(), ops: secret(), boss: secret() }
  const [token, forwardSecret] = [secret(), secret()]
  const accessFile = path.join(folder, 'access.list')
  const hashes = [
    `user viewer grafana ${await hashPassword(passwords.grafana)}`,
    `user operator ops ${await hashPassword(passwords.ops)}`,
    `user admin boss ${await hashPassword(passwords.boss)}`,
    `token operator deploy sha256:${createHash('sha256').update(token).digest('hex')}`,
    'certificate admin CN=mtls-client',
  ]
  await writeFile(accessFile, `# Who may use it.\n${hashes.join('\n')}\n`)
  const group = `secured-${randomUUID().slice(0, 8)}`
  const start = async (name: string): Promise<ServiceProcessUnderTest> =>
    opened.use(
      await startServiceProcess({
        directory: folder,
        name,
        properties: {
          'bootstrap.servers': bootstrapServers,
          'group.id': group,
          'session.timeout.ms': '2000',
          listeners: 'https://127.0.0.1:0',
          'listeners.https.ssl.keystore.location': certificates.brokerKeystore,
          'listeners.https.ssl.truststore.location': certificates.authority,
          'listeners.https.ssl.client.auth': 'requested',
          'rest.access.file': accessFile,
          'rest.forward.secret': forwardSecret,
        },
      }),
    )
  const processes = [await start('first'), await start('second')] as const
  const authority = await readFile(certificates.authority, 'utf8')
  const [certificate, foreignCertificate] = [await clientOf(certificates), await clientOf(others)]
  const resources = opened.move()
  return {
    processes,
    group,
    forwardSecret,
    basic: (name, password = passwords[name]) => ({ headers: { authorization: basicHeader(name, password) } }),
    token: { headers: { authorization: `Bearer ${token}` } },
    certificate,
    foreignCertificate,
    secrets: [
      ...Object.values(passwords),
      ...Object.entries(passwords).map(([name, password]) => basicHeader(name, password).slice('Basic '.length)),
      ...hashes.flatMap((line) => line.split(/[ :]/).filter((word) => word.length >= 20)),
      token,
      forwardSecret,
      'PRIVATE KEY',
    ],
    send: ({ url }, request) => sendSecured(url, authority, request),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

function basicHeader(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
}

async function clientOf(files: Awaited<ReturnType<typeof makeCertificates>>): Promise<Credentials> {
  const [key, cert] = [await readFile(files.clientKey, 'utf8'), await readFile(files.clientCertificate, 'utf8')]
  return { certificate: { key, cert } }
}
