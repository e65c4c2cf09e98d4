import { createServer } from 'node:http'
import { createServer as createSocketServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { strictPolicy } from '../../../test/fixtures/connector-policy.ts'
import { createMemoryServiceLog } from '../../../test/fixtures/memory-service.ts'
import type { MemoryServiceLog } from '../../../test/fixtures/memory-service.ts'
import { seededRng } from '../../async/rng.ts'
import { TailraceError } from '../../errors.ts'
import { silentLogger } from '../../observe/logger.ts'
import { createRedactor } from '../../observe/redactor.ts'
import type { TargetState } from '../../service/service-state.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import type { ManualClock } from '../../testing/manual-clock.ts'
import type { AdmissionParts } from './admit-connector.ts'
import { createConnectorConfigs } from './connector-configs.ts'
import { createConnectorWriter } from './connector-writer.ts'

const never = new AbortController().signal
const hang = (): Promise<never> => new Promise(() => undefined)

let closing: AsyncDisposableStack
let clock: ManualClock
let log: MemoryServiceLog
/** A broker that takes connections and says nothing. */
let silentPort: number
let connected: PromiseWithResolvers<void>

beforeEach(async () => {
  closing = new AsyncDisposableStack()
  clock = createManualClock()
  log = createMemoryServiceLog()
  connected = Promise.withResolvers()
  silentPort = await listening(createSocketServer(() => connected.resolve()))
})

afterEach(() => closing.disposeAsync())

async function listening(server: Server): Promise<number> {
  const sockets = new Set<{ destroy(): unknown }>()
  server.on('connection', (socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.defer(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

/** DynamoDB, in which no table is. */
const emptyAccount = (): Promise<number> =>
  listening(
    createServer((_, response) => {
      const body = JSON.stringify({ __type: 'com.amazonaws.dynamodb.v20120810#ResourceNotFoundException' })
      response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' }).end(body)
    }),
  )

interface Around {
  readonly awsPort?: number
  readonly ledgerOf?: AdmissionParts['ledgerOf']
  readonly load?: () => Promise<never>
}

/** Creates a connector; AWS and Kafka hang unless something else is said. */
function create(target: TargetState, { awsPort = silentPort, ledgerOf = hang, load }: Around = {}): Promise<string> {
  const rng = seededRng(1)
  const kafka = [{ name: 'bootstrap.servers', value: `127.0.0.1:${silentPort}`, where: 'worker' }]
  const policy = { ...strictPolicy, kafka, ownTopics: [] }
  const env = {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${awsPort}`,
    AWS_ACCESS_KEY_ID: 'id',
    AWS_SECRET_ACCESS_KEY: 'key',
  }
  const configs = createConnectorConfigs({ policy, clock, rng, env, redactor: createRedactor() })
  let count = 0
  const writer = createConnectorWriter(log, {
    configs: load === undefined ? configs : { ...configs, load },
    clock,
    rng,
    env,
    logger: silentLogger,
    ledgerOf,
    isTakenFor: () => () => false,
    unique: () => `u${++count}`,
  })
  const config = new Map([
    ['name', 'orders'],
    ['connector.class', 'tailrace.TailraceSourceConnector'],
    ['source.tables', 'orders'],
    ['source.region', 'eu-west-1'],
  ])
  const made = writer.create('orders', { config, target }, never).then(({ configId }) => configId)
  made.catch(() => undefined)
  return made
}

describe('a configuration is answered within six seconds', () => {
  it('if neither the ledger, AWS nor Kafka answer, and is kept then', async () => {
    const made = create('RUNNING')
    await clock.advance(5_900)
    expect(log.state?.connectors.size).toBe(0)
    await clock.advance(100)
    expect(await made).toMatch(/^1\./)
    expect(clock.sleepers).toBe(0)
  })

  it.each(['RUNNING', 'STOPPED'] as const)('if its secrets do not come (%s)', async (target) => {
    const made = create(target, { load: hang })
    await clock.advance(6_000)
    expect(await made).toMatch(/^1\./)
    expect(log.state?.connectors.get('orders')?.target).toBe(target)
  })

  it('if what was asked of Kafka is given up in time', async () => {
    const ledgerOf: AdmissionParts['ledgerOf'] = (_, signal) =>
      new Promise((__, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error))
      })
    const made = create('STOPPED', { ledgerOf })
    await clock.advance(5_000)
    expect(await made).toMatch(/^1\./)
  })

  it('however often somebody else changes the connector meanwhile', async () => {
    const made = create('RUNNING')
    log.interrupt = ({ connectors }) => {
      const name = 'orders'
      return [{ name, config: { name }, target: 'RUNNING', configId: `1.${connectors.size}` }]
    }
    await clock.advance(6_000)
    await expect(made).rejects.toMatchObject({ code: 'SERVICE_CHANGING' })
  })
})

describe('what is known by then', () => {
  it('counts: a table that does not exist is told although Kafka says nothing', async () => {
    const made = create('RUNNING', { awsPort: await emptyAccount(), ledgerOf: async () => undefined })
    await connected.promise
    await clock.advance(5_000)
    await expect(made).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' })
    expect(log.state?.connectors.size).toBe(0)
  })

  it('does not keep a pipeline that may have run before from going on without one of its tables', async () => {
    const away = (): Promise<never> => Promise.reject(new TailraceError('KAFKA_UNREACHABLE', 'nobody there'))
    const made = create('RUNNING', { awsPort: await emptyAccount(), ledgerOf: away })
    await connected.promise
    await clock.advance(5_000)
    expect(await made).toMatch(/^1\./)
  })

  it('is not the epoch, if there is a ledger that cannot be read', async () => {
    const unread = new TailraceError('SERVICE_CHANGING', 'the ledger cannot be read')
    await expect(create('STOPPED', { ledgerOf: () => Promise.reject(unread) })).rejects.toBe(unread)
    expect(clock.sleepers).toBe(0)
  })
})

describe('secrets that cannot be fetched', () => {
  const failing = (code: 'AWS_CREDENTIALS' | 'SECRET_UNAVAILABLE') => (): Promise<never> =>
    Promise.reject(new TailraceError(code, 'no secret'))

  it('for what may pass let the connector be made, under the epoch that its ledger takes', async () => {
    const ledgerOf: AdmissionParts['ledgerOf'] = async () => ({ epoch: 4, fingerprint: 'of another configuration' })
    expect(await create('RUNNING', { load: failing('AWS_CREDENTIALS'), ledgerOf })).toMatch(/^5\./)
  })

  it('because there are none do not', async () => {
    const made = create('STOPPED', { load: failing('SECRET_UNAVAILABLE') })
    await expect(made).rejects.toMatchObject({ code: 'SECRET_UNAVAILABLE' })
  })
})
