import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import type { RegistryConfig } from '../../src/config/registry-config.ts'
import { checkRegistry } from '../../src/hosts/preflight/registry-checks.ts'
import { schemaRegistryOf } from '../../src/hosts/schema-registry-of.ts'
import type { RegistryWait, SchemaId, SchemaRegistry, SchemaText } from '../../src/schema-registry/schema-registry.ts'
import { makeCertificates } from '../servers/certificates.ts'
import { startLocalRegistry } from '../servers/local-registry.ts'
import type { LocalRegistry } from '../servers/local-registry.ts'
import { answerWith, startRegistryDouble } from '../servers/registry-double.ts'
import { openShop } from '../servers/shop-commands.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'

const never = new AbortController().signal
const parts = { clock: systemClock, rng: seededRng(11) }

const avro = (...fields: readonly object[]): SchemaText => ({
  type: 'AVRO',
  text: JSON.stringify({ type: 'record', name: 'Order', namespace: 'shop', fields }),
})
const id = { name: 'id', type: 'string' }
const json = (type: string): SchemaText => ({
  type: 'JSON',
  text: JSON.stringify({ type: 'object', properties: { id: { type } }, required: ['id'], additionalProperties: false }),
})
const proto = (type: string): SchemaText => ({
  type: 'PROTOBUF',
  text: `syntax = "proto3"; package shop; message Order { ${type} id = 1; }`,
})

let server: LocalRegistry

beforeAll(async () => {
  server = await startLocalRegistry()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

/** A client of the properties that a pipeline file holds. */
function open(properties = '', onWait?: (wait: RegistryWait) => void): SchemaRegistry {
  const config = configOf(`schema.registry.url: ${server.url}\n${properties}`)
  return schemaRegistryOf(config, { ...parts, ...(onWait === undefined ? {} : { onWait }) })
}

function configOf(properties: string): RegistryConfig {
  const text = `pipeline: shop\nsource: {region: eu-west-1, tables: [orders]}\nkafka.bootstrap.servers: localhost:9092\n`
  const { registry } = loadConfig({
    text: `${text}${properties}`,
    path: 'pipeline.yaml',
    env: {},
    readFile: (file) => readFileSync(file),
    realPath: (file) => file,
  })
  if (registry === undefined) throw new Error('the configuration names no registry')
  return registry
}

describe('Apicurio Registry', () => {
  test('takes schemas of all kinds; the same schema has the same id, for every client and subject', async () => {
    await using first = open()
    await using second = open()
    const schemas = [avro(id), json('string'), proto('string')]
    const ids: SchemaId[] = []
    for (const schema of schemas) {
      const subject = `kinds-${schema.type}-value`
      const registered = await first.resolve(subject, schema, never)
      expect(await second.resolve(subject, { ...schema }, never)).toEqual(registered)
      expect((await second.resolve(`other-${subject}`, schema, never)).id).toBe(registered.id)
      expect(await second.byId(registered.id, undefined, never)).toEqual(registered)
      expect(await second.latest(subject, never)).toEqual({ ...registered, version: 1 })
      ids.push(registered.id)
    }
    expect(new Set(ids).size).toBe(3)
  })

  test('is asked once by many', async () => {
    await using registry = open()
    const all = await Promise.all(Array.from({ length: 200 }, () => registry.resolve('many-value', avro(id), never)))
    expect(new Set(all.map((one) => one.id)).size).toBe(1)
  })

  test('refuses what readers of the new schema could not read, in all kinds, and takes the rest', async () => {
    await using registry = open()
    const kinds: readonly (readonly [SchemaText, SchemaText])[] = [
      [avro(id), avro(id, { name: 'n', type: 'int' })],
      [json('string'), json('integer')],
      [proto('string'), proto('int32')],
    ]
    for (const [before, after] of kinds) {
      const subject = `refused-${before.type}-value`
      await registry.resolve(subject, before, never)
      const outcome = registry.resolve(subject, after, never)
      await expect(outcome).rejects.toMatchObject({ code: 'SCHEMA_INCOMPATIBLE', details: { status: 409 } })
    }
    const wider = await registry.resolve('refused-AVRO-value', avro(id, { name: 'n', type: 'int', default: 0 }), never)
    expect((await registry.latest('refused-AVRO-value', never)).id).toBe(wider.id)
    await expect(registry.resolve('nonsense-value', { type: 'AVRO', text: 'nonsense' }, never)).rejects.toMatchObject({
      code: 'SCHEMA_INVALID',
    })
  })

  test('holds schemas that build on others', async () => {
    await using registry = open()
    await registry.resolve('part-value', avro(id), never)
    const whole: SchemaText = {
      type: 'AVRO',
      text: JSON.stringify({ type: 'record', name: 'Basket', fields: [{ name: 'order', type: 'shop.Order' }] }),
      references: [{ name: 'shop.Order', subject: 'part-value', version: 1 }],
    }
    const { id: registered } = await registry.resolve('whole-value', whole, never)
    await using other = open()
    expect(await other.byId(registered, 'whole-value', never)).toMatchObject(whole)
  })

  test('is only looked up, or asked for the latest, where it is told so', async () => {
    await using registering = open()
    await using looking = open('auto.register.schemas: false')
    await using latest = open('auto.register.schemas: false\nuse.latest.version: true')
    for (const client of [looking, latest]) {
      await expect(client.resolve('only-value', avro(id), never)).rejects.toMatchObject({ code: 'SCHEMA_NOT_FOUND' })
    }
    const documented = avro({ ...id, doc: 'the key' })
    const { id: registered } = await registering.resolve('only2-value', documented, never)
    expect((await looking.resolve('only2-value', documented, never)).id).toBe(registered)
    expect(await latest.resolve('only2-value', avro(id), never)).toMatchObject({ ...documented, id: registered })
    const more = avro(id, { name: 'n', type: 'int', default: 0 })
    await registering.resolve('only2-value', more, never)
    expect((await looking.resolve('only2-value', documented, never)).id).toBe(registered)
    await using later = open('auto.register.schemas: false\nuse.latest.version: true')
    await expect(later.resolve('only2-value', avro(id), never)).rejects.toMatchObject({ code: 'SCHEMA_INCOMPATIBLE' })
  })

  test('shows its level of compatibility to a check, and that a path leads nowhere', async () => {
    const preflight = { ...parts, env: {}, signal: never }
    const registry = configOf(`schema.registry.url: ${server.url}\n`)
    const { host } = new URL(server.url)
    expect(await checkRegistry(registry, preflight)).toEqual([
      { check: 'schema registry', status: 'ok', detail: `${host}, compatibility BACKWARD` },
    ])
    const wrong = configOf(`schema.registry.url: http://${host}/apis\n`)
    const [finding] = await checkRegistry(wrong, preflight)
    expect(finding).toMatchObject({ status: 'failed', code: 'SCHEMA_REGISTRY_RESPONSE' })
  })

  test('is waited for while it is dead, and knows afterwards what it knew', async () => {
    const waits: RegistryWait[] = []
    await using registry = open('', (wait) => void waits.push(wait))
    const schema = avro(id, { name: 'killed', type: 'int' })
    const before = await registry.resolve('killed-value', schema, never)
    await server.kill()
    const stop = new AbortController()
    const wider = avro(id, { name: 'killed', type: 'int' }, { name: 'n', type: 'int', default: 0 })
    const more = registry.resolve('killed-value', wider, never)
    const other = registry.resolve('killed2-value', schema, never)
    const left = Promise.allSettled([registry.resolve('killed3-value', schema, stop.signal)])
    expect(await registry.resolve('killed-value', schema, never)).toEqual(before)
    await expect.poll(() => waits.length, { timeout: 20_000 }).toBeGreaterThan(6)
    stop.abort(new Error('stopped'))
    expect(await left).toMatchObject([{ status: 'rejected', reason: { message: 'stopped' } }])
    await server.restart()
    expect((await other).id).toBe(before.id)
    expect(Number((await more).id)).toBeGreaterThan(Number(before.id))
    await using looking = open('auto.register.schemas: false')
    expect((await looking.resolve('killed-value', schema, never)).id).toBe(before.id)
    expect(new Set(waits.map(({ error }) => error.code))).toEqual(new Set(['SCHEMA_REGISTRY_UNREACHABLE']))
    expect(new Set(waits.map(({ subject }) => subject))).toEqual(
      new Set(['killed-value', 'killed2-value', 'killed3-value']),
    )
  })
})

describe('tailrace check', () => {
  test('tries the registry, and shows no password of one that refuses it', async () => {
    await using shop = await openShop(inject('kafka').bootstrapServers)
    const fine = shop.cli.file('fine.yaml', shop.text(`schema.registry.url: ${server.url}`))
    const { exitCode, stdout } = await shop.cli.run('check', fine)
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/ok +schema registry +127\.0\.0\.1:\d+, compatibility BACKWARD/)

    await using double = await startRegistryDouble()
    double.fail(answerWith(401, { error_code: 40101, message: 'no such user: shop:canary' }))
    const { host } = new URL(double.url)
    const text = `schema.registry.url: http://shop:canary@${host}`
    const refused = await shop.cli.run('check', shop.cli.file('refused.yaml', shop.text(text)))
    expect(refused.exitCode).not.toBe(0)
    expect(double.calls[0]?.headers.authorization).toBe(`Basic ${Buffer.from('shop:canary').toString('base64')}`)
    expect(refused.stdout + refused.stderr).toContain('SCHEMA_REGISTRY_AUTHORIZATION')
    expect(refused.stdout + refused.stderr).not.toContain('canary')
  })
})

describe('TLS', () => {
  test('trusts the authority that it is told, shows its own certificate, and no other server', async () => {
    await using folder = await temporaryFolder()
    const files = await makeCertificates(folder.path)
    const store = await readFile(files.brokerKeystore, 'utf8')
    const peers: string[] = []
    const listen = async (options: object): Promise<AsyncDisposable & { readonly port: number }> => {
      const https = createServer({ key: store, cert: store, ...options }, (request: IncomingMessage, response) => {
        peers.push((request.socket as TLSSocket).getPeerCertificate().subject?.CN?.toString() ?? 'nobody')
        response.end('{"compatibilityLevel":"FULL"}')
      })
      await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve))
      return {
        port: (https.address() as AddressInfo).port,
        [Symbol.asyncDispose]: async () => {
          https.closeAllConnections()
          await new Promise((resolve) => https.close(resolve))
        },
      }
    }
    const ca = await readFile(files.authority, 'utf8')
    await using https = await listen({ ca, requestCert: true, rejectUnauthorized: true })
    const levelOf = async (properties: string): Promise<string> => {
      const registry = configOf(`schema.registry.url: https://localhost:${https.port}\n${properties}`)
      await using client = schemaRegistryOf(registry, { ...parts, giveUpOn: ['SCHEMA_REGISTRY_UNREACHABLE'] })
      return await client.compatibility(never)
    }
    const trust = `schema.registry.ssl.truststore.location: ${files.authority}\n`
    const own = `schema.registry.ssl: {certificate.location: ${files.clientCertificate}, key.location: ${files.clientKey}}\n`
    expect(await levelOf(trust + own)).toBe('FULL')
    expect(await levelOf(`${trust}schema.registry.ssl.keystore.location: ${files.clientKeystore}`)).toBe('FULL')
    expect(peers).toEqual(['mtls-client', 'mtls-client'])
    await expect(levelOf(trust)).rejects.toMatchObject({ code: 'SCHEMA_REGISTRY_UNREACHABLE' })
    await expect(levelOf(own)).rejects.toThrow(/SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/)
    expect(peers).toHaveLength(2)
  })
})
