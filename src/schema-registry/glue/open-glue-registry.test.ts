import { describe, expect, it } from 'vitest'
import { glueRefusal, startGlueDouble } from '../../../test/servers/glue-double.ts'
import type { GlueDouble, GlueDoubleOptions, GlueFault } from '../../../test/servers/glue-double.ts'
import { createManualClock } from '../../../test/servers/stream-simulator/manual-clock.ts'
import { seededRng } from '../../async/rng.ts'
import { systemClock } from '../../async/system-clock.ts'
import { createCredentialsCache } from '../../aws/credentials.ts'
import { createAwsApi } from '../../aws/signed-request.ts'
import type { RegistryWait, SchemaRegistry, SchemaText } from '../schema-registry.ts'
import type { GlueOptions } from './glue-options.ts'
import { openGlueRegistry } from './open-glue-registry.ts'

const never = new AbortController().signal
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const record: SchemaText = {
  type: 'AVRO',
  text: '{"type":"record","name":"R","fields":[{"name":"id","type":"string"}]}',
}
const wider: SchemaText = { type: 'AVRO', text: record.text.replace('"string"', '["null","string"]') }
const other: SchemaText = { type: 'AVRO', text: record.text.replace('"string"', '"bytes"') }

interface Setup extends AsyncDisposable {
  readonly double: GlueDouble
  readonly registry: SchemaRegistry
  readonly waits: readonly RegistryWait[]
  readonly actions: () => readonly string[]
}

async function setUp(options: Partial<GlueOptions> = {}, glue: GlueDoubleOptions = {}): Promise<Setup> {
  const double = await startGlueDouble(glue)
  const waits: RegistryWait[] = []
  const registry = openOn(double, { onWait: (wait) => void waits.push(wait), ...options })
  return {
    double,
    registry,
    waits,
    actions: () => double.calls.map(({ action }) => action),
    [Symbol.asyncDispose]: async () => {
      await registry.close()
      await double[Symbol.asyncDispose]()
    },
  }
}

/** Waits between attempts and polls are over at once. */
function openOn({ endpoint }: GlueDouble, options: Partial<GlueOptions> = {}): SchemaRegistry {
  const load = (): Promise<{ accessKeyId: string; secretAccessKey: string }> =>
    Promise.resolve({ accessKeyId: 'AKID', secretAccessKey: 'local' })
  const api = createAwsApi({
    clock: systemClock,
    region: 'eu-west-1',
    credentials: createCredentialsCache({ clock: systemClock, load }),
    overrides: { glue: endpoint },
  })
  return openGlueRegistry({
    clock: createManualClock(),
    rng: seededRng(7),
    api,
    registryName: 'default-registry',
    mode: 'register',
    comparesLatest: true,
    compatibility: 'FULL',
    ...options,
  })
}

describe('resolve', () => {
  it('makes the schema that is not there yet, once for however many ask, and signs for Glue', async () => {
    await using setup = await setUp()
    const { registry, double, actions } = setup
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, at) => registry.resolve('orders', at % 2 === 0 ? record : { ...record }, never)),
    )
    expect(new Set(all.map(({ id }) => id)).size).toBe(1)
    expect(all[0]?.id).toMatch(uuid)
    expect(all[0]).toEqual({ ...record, id: all[0]?.id, guid: all[0]?.id, version: 1 })
    expect(registry.known('orders', record)).toEqual(all[0])
    expect(actions()).toEqual(['GetSchemaByDefinition', 'RegisterSchemaVersion', 'CreateSchema'])
    expect(double.calls[2]?.body).toEqual({
      SchemaName: 'orders',
      DataFormat: 'AVRO',
      Compatibility: 'FULL',
      SchemaDefinition: record.text,
    })
    expect(double.calls[0]?.authorization).toContain('/eu-west-1/glue/aws4_request')
    await using later = openOn(double)
    expect((await later.resolve('orders', { ...record }, never)).id).toBe(all[0]?.id)
    expect(actions()).toHaveLength(4)
  })

  it('waits until a further version is available, and refuses one that is not compatible', async () => {
    const isCompatible = (text: string): boolean => !text.includes('bytes')
    await using setup = await setUp({}, { pendingPolls: 3, isCompatible })
    const { registry, actions, waits } = setup
    const first = await registry.resolve('orders', record, never)
    const second = await registry.resolve('orders', wider, never)
    expect(second).toMatchObject({ ...wider, version: 2 })
    expect(second.id).not.toBe(first.id)
    expect(actions().filter((action) => action === 'GetSchemaVersion')).toHaveLength(4)
    await expect(registry.resolve('orders', other, never)).rejects.toMatchObject({
      code: 'SCHEMA_INCOMPATIBLE',
      message: expect.stringMatching(/the Glue registry default-registry, register orders: version .* not compatible/),
    })
    const asked = actions().length
    await expect(registry.resolve('orders', { ...other }, never)).rejects.toMatchObject({ code: 'SCHEMA_INCOMPATIBLE' })
    expect(actions()).toHaveLength(asked)
    expect(waits).toEqual([])
    // Somebody who starts anew finds the version that was refused, and asks whether it still is.
    await using later = openOn(setup.double)
    await expect(later.resolve('orders', other, never)).rejects.toMatchObject({ code: 'SCHEMA_INCOMPATIBLE' })
    expect((await later.latest('orders', never)).id).toBe(second.id)
  })

  it('tells of a version that stays pending, and goes on waiting', async () => {
    await using setup = await setUp({}, { pendingPolls: 45 })
    const { registry, waits } = setup
    await registry.resolve('orders', record, never)
    expect(await registry.resolve('orders', wider, never)).toMatchObject(wider)
    expect(waits.length).toBeGreaterThan(0)
    expect(waits[0]).toMatchObject({ action: 'register', subject: 'orders', attempt: 0 })
    expect(waits[0]?.error.code).toBe('SCHEMA_REGISTRY_UNREACHABLE')
  })

  it('takes the schema that another process makes at the same moment', async () => {
    await using setup = await setUp()
    const { double, registry } = setup
    await using racing = openOn(double)
    const [first, second] = await Promise.all([
      registry.resolve('orders', record, never),
      racing.resolve('orders', record, never),
    ])
    expect(first.id).toBe(second.id)
    // As it is seen by the loser: not there at first, then already there.
    double.fail(
      glueRefusal('EntityNotFoundException', 'Schema is not found.'),
      glueRefusal('EntityNotFoundException', 'Schema is not found.'),
    )
    await using late = openOn(double)
    expect((await late.resolve('orders', record, never)).id).toBe(first.id)
    expect(double.calls.slice(-2).map(({ action }) => action)).toEqual(['CreateSchema', 'RegisterSchemaVersion'])
  })

  it('writes into a registry of another name, and makes none', async () => {
    await using setup = await setUp({ registryName: 'shop' })
    const { registry, double } = setup
    await expect(registry.resolve('orders', record, never)).rejects.toMatchObject({ code: 'SCHEMA_NOT_FOUND' })
    double.createRegistry('shop')
    await using later = openOn(double, { registryName: 'shop' })
    const { id } = await later.resolve('orders', record, never)
    expect(await later.byId(id, undefined, never)).toMatchObject(record)
    expect(double.calls.find(({ action }) => action === 'CreateSchema')?.body.RegistryId).toEqual({
      RegistryName: 'shop',
    })
  })

  it('only looks up, or takes the latest, where it is told so', async () => {
    await using setup = await setUp()
    const { registry, double } = setup
    await using looking = openOn(double, { mode: 'look-up' })
    await using latest = openOn(double, { mode: 'latest' })
    for (const client of [looking, latest])
      await expect(client.resolve('orders', record, never)).rejects.toMatchObject({ code: 'SCHEMA_NOT_FOUND' })
    const { id } = await registry.resolve('orders', record, never)
    const documented: SchemaText = { ...record, text: record.text.replace('"name":"R"', '"doc":"d","name":"R"') }
    await using looking2 = openOn(double, { mode: 'look-up' })
    expect((await looking2.resolve('orders', record, never)).id).toBe(id)
    await using latest2 = openOn(double, { mode: 'latest' })
    expect(await latest2.resolve('orders', documented, never)).toMatchObject({ ...record, id, version: 1 })
    await expect(latest2.resolve('orders', wider, never)).rejects.toMatchObject({ code: 'SCHEMA_INCOMPATIBLE' })
    await using loose = openOn(double, { mode: 'latest', comparesLatest: false })
    expect((await loose.resolve('orders', wider, never)).id).toBe(id)
  })
})

describe('failures', () => {
  it.each([
    ['a throttle', glueRefusal('ThrottlingException', 'Rate exceeded'), 'SCHEMA_REGISTRY_UNREACHABLE'],
    ['a server error', glueRefusal('InternalServiceException', 'oops', 500), 'SCHEMA_REGISTRY_UNREACHABLE'],
    ['a conflict', glueRefusal('ConcurrentModificationException', 'twice'), 'SCHEMA_REGISTRY_UNREACHABLE'],
    ['something else', glueRefusal('UnknownOperationException', 'what'), 'SCHEMA_REGISTRY_RESPONSE'],
    ['expired credentials', glueRefusal('ExpiredTokenException', 'expired'), 'AWS_CREDENTIALS'],
    ['a broken answer', (response) => void response.end('<html>'), 'SCHEMA_REGISTRY_RESPONSE'],
    ['an empty answer', (response) => void response.end('{}'), 'SCHEMA_REGISTRY_RESPONSE'],
    ['no answer', (response) => void response.destroy(), 'SCHEMA_REGISTRY_UNREACHABLE'],
  ] satisfies [string, GlueFault, string][])('waits out %s, and tells of it', async (_, fault, code) => {
    await using setup = await setUp()
    const { registry, double, waits } = setup
    double.fail(fault, fault)
    expect((await registry.resolve('orders', record, never)).id).toMatch(uuid)
    expect(waits.map(({ error, attempt }) => [error.code, attempt])).toEqual([
      [code, 0],
      [code, 1],
    ])
    await using hasty = openOn(double, { giveUpOn: [waits[0]?.error.code ?? 'USAGE'] })
    double.fail(fault)
    await expect(hasty.compatibility(never)).rejects.toMatchObject({ code })
  })

  it.each([
    ['AccessDeniedException', 'no identity-based policy allows it', 'SCHEMA_REGISTRY_AUTHORIZATION'],
    ['InvalidInputException', 'Schema definition of AVRO data format is invalid', 'SCHEMA_INVALID'],
    ['ResourceNumberLimitExceededException', 'too many versions', 'SCHEMA_INVALID'],
  ])('rejects at once for %s', async (type, message, code) => {
    await using setup = await setUp()
    const { registry, double, waits } = setup
    double.fail(glueRefusal(type, message))
    await expect(registry.resolve('orders', record, never)).rejects.toMatchObject({ code })
    expect(waits).toEqual([])
    expect(double.calls).toHaveLength(1)
  })

  it('names the action that is not allowed', async () => {
    await using setup = await setUp()
    const { registry, double } = setup
    double.fail(
      glueRefusal('EntityNotFoundException', 'Schema is not found.'),
      glueRefusal('AccessDeniedException', ''),
    )
    await expect(registry.resolve('orders', record, never)).rejects.toThrow(
      'Not allowed: glue:RegisterSchemaVersion on the registry',
    )
  })

  it('refuses a further version of a schema that allows none, and one of another kind', async () => {
    await using setup = await setUp({ compatibility: 'DISABLED' })
    const { registry } = setup
    await registry.resolve('orders', record, never)
    await expect(registry.resolve('orders', wider, never)).rejects.toMatchObject({ code: 'SCHEMA_INCOMPATIBLE' })
    const json: SchemaText = { ...record, type: 'JSON' }
    await expect(registry.resolve('orders', json, never)).rejects.toThrow('it is kept as AVRO there, and not as JSON')
  })

  it('ends waiting with the signal, and when it is closed', async () => {
    await using setup = await setUp()
    const { registry, double } = setup
    double.fail(
      () => {},
      () => {},
    )
    const stop = new AbortController()
    const both = Promise.allSettled([
      registry.resolve('orders', record, stop.signal),
      registry.resolve('others', record, never),
    ])
    await expect.poll(() => double.calls.length).toBe(2)
    stop.abort(new Error('stopped'))
    await registry.close()
    expect(await both).toMatchObject([
      { status: 'rejected', reason: { message: 'stopped' } },
      { status: 'rejected', reason: { code: 'SCHEMA_REGISTRY_UNREACHABLE' } },
    ])
  })
})

describe('compatibility', () => {
  it('asks whether the registry is there; the default one may be made later', async () => {
    await using setup = await setUp()
    const { registry, double } = setup
    expect(await registry.compatibility(never)).toBe('FULL')
    await using looking = openOn(double, { mode: 'look-up' })
    await expect(looking.compatibility(never)).rejects.toMatchObject({ code: 'SCHEMA_NOT_FOUND' })
    await using shop = openOn(double, { registryName: 'shop' })
    await expect(shop.compatibility(never)).rejects.toThrow(/registry shop.*Registry is not found/)
    double.createRegistry('shop')
    expect(await shop.compatibility(never)).toBe('FULL')
  })
})
