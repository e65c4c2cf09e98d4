import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import type { AwsApi } from '../../src/aws/aws.ts'
import { createCredentialsCache } from '../../src/aws/credentials.ts'
import { createAwsApi } from '../../src/aws/signed-request.ts'
import { configInput } from '../../src/hosts/config-file.ts'
import { loadConfigWithSecrets } from '../../src/hosts/secret-references.ts'
import { startLocalMoto } from '../servers/local-moto.ts'
import type { LocalMoto } from '../servers/local-moto.ts'

const never = new AbortController().signal
const load = (): Promise<{ accessKeyId: string; secretAccessKey: string }> =>
  Promise.resolve({ accessKeyId: 'local', secretAccessKey: 'local' })
let moto: LocalMoto
let secretArn = ''

beforeAll(async () => {
  moto = await startLocalMoto()
  await using api = apiIn('eu-central-1')
  const made = await ask(api, 'secretsmanager', 'CreateSecret', {
    Name: 'shop/kafka',
    SecretString: JSON.stringify({ username: 'tail', password: 'canary "1"\n: x' }),
  })
  secretArn = (made as { readonly ARN: string }).ARN
  await ask(api, 'ssm', 'PutParameter', { Name: '/shop/brokers', Type: 'String', Value: 'b-1.shop:9096,b-2.shop:9096' })
  await ask(api, 'ssm', 'PutParameter', { Name: '/shop/token', Type: 'SecureString', Value: 'canary-token' })
  await using abroad = apiIn('us-east-1')
  await ask(abroad, 'ssm', 'PutParameter', { Name: '/shop/abroad', Type: 'SecureString', Value: 'canary-abroad' })
})

afterAll(() => moto[Symbol.asyncDispose]())

describe('a pipeline file with secrets that AWS keeps', () => {
  it('gets their values, whatever characters they hold', async () => {
    const config = await loaded(`
kafka:
  bootstrap.servers: \${ssm:/shop/brokers}
  security.protocol: SASL_SSL
  sasl.mechanism: SCRAM-SHA-512
  sasl.username: \${secretsmanager:shop/kafka:username}
  sasl.password: \${secretsmanager:${secretArn}:password}
schema.registry: { url: 'https://registry', bearer.auth.credentials.source: STATIC_TOKEN, bearer.auth.token: '\${ssm:/shop/token}' }
`)
    expect(config.kafka.brokers).toEqual(['b-1.shop:9096', 'b-2.shop:9096'])
    const { sasl } = config.kafka
    if (sasl?.mechanism !== 'SCRAM-SHA-512') throw new Error('another mechanism')
    expect([sasl.username, sasl.password.reveal()]).toEqual(['tail', 'canary "1"\n: x'])
    expect(config.secrets.map((secret) => secret.reveal()).toSorted()).toEqual(['canary "1"\n: x', 'canary-token'])
    expect(JSON.stringify(config)).not.toContain('canary')
  })

  it('asks in the region that an ARN names', async () => {
    const { kafka } = await loaded(scram('${ssm:arn:aws:ssm:us-east-1:123456789012:parameter/shop/abroad}'))
    expect(kafka.sasl).toMatchObject({ mechanism: 'SCRAM-SHA-512' })
    if (kafka.sasl?.mechanism === 'SCRAM-SHA-512') expect(kafka.sasl.password.reveal()).toBe('canary-abroad')
  })

  it.each([
    ['${ssm:/shop/none}', 'there is no such secret'],
    ['${secretsmanager:shop/none}', 'there is no such secret'],
    ['${secretsmanager:shop/kafka:passwort}', 'no such key'],
    ['${ssm:/other/token}', 'add "ssm:/other/token" to secrets.allow'],
  ])('names the line of %s', async (reference, reason) => {
    await expect(loaded(scram(reference))).rejects.toMatchObject({
      code: 'SECRET_UNAVAILABLE',
      message: expect.stringMatching(new RegExp(`line \\d+: kafka\\.sasl\\.password: .*${reason}`)),
    })
  })

  it('asks nobody where the file has none', async () => {
    const refuse = (): Promise<never> => Promise.reject(new Error('nobody is to be asked'))
    const config = await loaded('kafka.bootstrap.servers: k:9092', refuse)
    expect(config.kafka.brokers).toEqual(['k:9092'])
  })
})

function scram(password: string): string {
  return `
kafka:
  bootstrap.servers: k:9092
  security.protocol: SASL_SSL
  sasl.mechanism: SCRAM-SHA-512
  sasl.username: u
  sasl.password: ${password}
`
}

function loaded(more: string, credentials: typeof load = load): ReturnType<typeof loadConfigWithSecrets> {
  const text = `
pipeline: shop
source: { region: eu-central-1, tables: [orders] }
secrets.allow: ['secretsmanager:shop/*', 'secretsmanager:arn:aws:secretsmanager:*:secret:shop/*', 'ssm:/shop/*', 'ssm:arn:*']
${more}`
  const env = { AWS_ENDPOINT_URL: moto.endpoint }
  const parts = { clock: systemClock, rng: seededRng(1), env, credentials }
  return loadConfigWithSecrets(configInput({ text, path: '/shop/pipeline.yaml', env: {} }), parts, never)
}

function apiIn(region: string): AwsApi & AsyncDisposable {
  const credentials = createCredentialsCache({ clock: systemClock, load })
  return createAwsApi({ clock: systemClock, region, credentials, env: { AWS_ENDPOINT_URL: moto.endpoint } })
}

function ask(api: AwsApi, service: 'secretsmanager' | 'ssm', action: string, body: object): Promise<unknown> {
  return api.call({ service, action, body: { ...body } }, never)
}
