import { beforeEach, describe, expect, it } from 'vitest'
import { strictPolicy } from '../../../test/fixtures/connector-policy.ts'
import {
  createMemoryReportBoard,
  createMemoryServiceLog,
  processReport,
} from '../../../test/fixtures/memory-service.ts'
import type { MemoryReportBoard, MemoryServiceLog } from '../../../test/fixtures/memory-service.ts'
import { createMemoryLedger, ordersEntry } from '../../../test/fixtures/memory-ledger.ts'
import { seededRng } from '../../async/rng.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import { TailraceError } from '../../errors.ts'
import { createLogLevels } from '../../observe/log-levels.ts'
import { silentLogger } from '../../observe/logger.ts'
import { createRedactor } from '../../observe/redactor.ts'
import type { SkippedTable } from '../../change/skipped-table.ts'
import { skippedEntry } from '../../lanes/skipped-tables.ts'
import type { ConnectService } from '../server/rest/connect-service.ts'
import { statusJson } from '../server/rest/connector-routes.ts'
import { createConnectService } from './connect-service-of.ts'
import { createConnectorConfigs } from './connector-configs.ts'
import type { ConnectorConfigs } from './connector-configs.ts'
import { createConnectorOffsets } from './connector-offsets.ts'
import { createConnectorWriter } from './connector-writer.ts'
import type { LedgerSights } from './ledger-sights.ts'
import { connectorLogger } from './service-loggers.ts'
import type { Telling } from './tell-processes.ts'

const properties = {
  'connector.class': 'tailrace.TailraceSourceConnector',
  'source.tables': 'orders',
  'source.region': 'eu-west-1',
}
const config = (name: string, more: Readonly<Record<string, string>> = {}): ReadonlyMap<string, string> =>
  new Map(Object.entries({ name, ...properties, ...more }))

const never = new AbortController().signal
const clock = createManualClock()
let log: MemoryServiceLog
let board: MemoryReportBoard
let configs: ConnectorConfigs
let service: ConnectService
let told: Telling[]
let look: LedgerSights['look']
let ledger: { readonly epoch: number; readonly fingerprint: string } | 'unread' | undefined

beforeEach(() => {
  log = createMemoryServiceLog()
  board = createMemoryReportBoard()
  board.processes = [processReport('me')]
  told = []
  ledger = undefined
  let count = 0
  const unique = (): string => `u${++count}`
  const rng = seededRng(1)
  configs = createConnectorConfigs({ policy: strictPolicy, clock, rng, env: {}, redactor: createRedactor() })
  const levels = createLogLevels({ base: silentLogger, level: 'INFO', now: () => 7 })
  levels.logger(connectorLogger('orders'))
  const refuse = (): Promise<never> => Promise.reject(new TailraceError('KAFKA_UNREACHABLE', 'nobody there'))
  look = refuse
  service = createConnectService({
    log,
    get board() {
      return board
    },
    writer: createConnectorWriter(log, {
      configs,
      clock,
      rng,
      env: {},
      logger: silentLogger,
      ledgerOf: async () => {
        if (ledger === 'unread') throw new TailraceError('SERVICE_CHANGING', 'the ledger cannot be read')
        return ledger
      },
      isTakenFor: () => () => false,
      unique,
    }),
    configs,
    sights: { look: (...asked) => look(...asked), access: refuse, [Symbol.asyncDispose]: async () => undefined },
    offsets: createConnectorOffsets({ access: refuse, processes: () => board.processes, source: { env: {} } }),
    levels,
    tell: async (telling) => void told.push(telling),
    clock,
    version: '1.2.3',
    workerId: 'me:8083',
    clusterId: async () => 'cluster',
    processTimeoutMs: 15_000,
    unique,
  })
})

/** Stopped, so that neither AWS nor Kafka is asked. */
const make = (name: string, more: Readonly<Record<string, string>> = {}): ReturnType<ConnectService['create']> =>
  service.create(name, { config: config(name, more), target: 'STOPPED' }, never)
const kept = (name: string): Readonly<Record<string, string>> | undefined => log.state?.connectors.get(name)?.config
const fingerprintOf = (name: string): string =>
  configs.outline({ config: kept(name) ?? {}, configId: idOf(name) })?.fingerprint ?? ''
const idOf = (name: string): string => log.state?.connectors.get(name)?.configId ?? ''

describe('configurations', () => {
  it('are kept as they came, once they are found good', async () => {
    const info = await make('orders')
    expect(info).toMatchObject({ name: 'orders', tasks: [], type: 'source' })
    expect(kept('orders')).toEqual({ name: 'orders', ...properties })
    expect(await service.connectors(never)).toEqual(['orders'])
    await expect(make('orders')).rejects.toMatchObject({ code: 'CONNECTOR_EXISTS' })
  })

  it("are refused in Connect's words", async () => {
    const wrong = make('orders', { lanes: 'many', 'http.listen': '0.0.0.0:1', delivery: 'sometimes' })
    await expect(wrong).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    await expect(wrong).rejects.toThrow(
      /^Connector configuration is invalid and contains the following 3 error\(s\):\n/,
    )
    await expect(make('orders', { 'connector.class': 'FileStreamSource' })).rejects.toThrow('Failed to find any class')
    expect(kept('orders')).toBeUndefined()
  })

  it('keep their secrets when they come back hidden, and are refused where nobody knows them', async () => {
    const secret = { 'mask.hmac.key': 'sixteen letters and more' }
    await make('orders', secret)
    const hidden = { 'mask.hmac.key': '[hidden]' }
    const { created } = await service.replaceConfig('orders', config('orders', { ...hidden, lanes: '4' }), never)
    expect(created).toBe(false)
    expect(kept('orders')).toMatchObject({ ...secret, lanes: '4' })
    await expect(make('bills', hidden)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  it('raise the epoch where workers would disagree, and only there', async () => {
    ledger = { epoch: 5, fingerprint: 'of another configuration' }
    await make('orders')
    expect(idOf('orders')).toMatch(/^6\./)
    const before = idOf('orders')
    await service.patchConfig('orders', new Map([['poll.idle.max.ms', '50']]), never)
    expect(idOf('orders')).toMatch(/^6\./)
    expect(idOf('orders')).not.toBe(before)
    await service.patchConfig('orders', new Map([['lanes', '4']]), never)
    expect(idOf('orders')).toMatch(/^7\./)
    await service.patchConfig('orders', new Map([['lanes', '4']]), never)
    expect(log.state?.revision).toBe(4)
  })

  describe('whose pipeline has run elsewhere under a newer epoch', () => {
    beforeEach(async () => {
      ledger = undefined
      await make('orders')
      ledger = { epoch: 4, fingerprint: 'of another configuration' }
    })

    it.each([
      ['PUT', () => service.replaceConfig('orders', config('orders'), never)],
      ['resume', () => service.setTarget('orders', 'RUNNING', never)],
      ['restart', () => service.restart('orders', { includeTasks: true, onlyFailed: false }, never)],
    ])('get an epoch that its ledger takes: %s', async (_, ask) => {
      expect(idOf('orders')).toMatch(/^1\./)
      await ask()
      expect(idOf('orders')).toMatch(/^5\./)
      expect(kept('orders')).toEqual({ name: 'orders', ...properties })
      ledger = { epoch: 5, fingerprint: fingerprintOf('orders') }
      const { configId } = log.state?.connectors.get('orders') ?? {}
      await ask()
      expect(idOf('orders')).toBe(configId)
    })

    it('stay as they are while that cannot be seen, and whoever asks is told', async () => {
      ledger = 'unread'
      const changing = { code: 'SERVICE_CHANGING' }
      await expect(service.replaceConfig('orders', config('orders'), never)).rejects.toMatchObject(changing)
      await expect(service.setTarget('orders', 'RUNNING', never)).rejects.toMatchObject(changing)
      await service.setTarget('orders', 'PAUSED', never)
      await service.remove('orders', never)
      await expect(make('orders')).rejects.toMatchObject(changing)
      expect(kept('orders')).toBeUndefined()
    })
  })

  it('are looked at again when somebody else changes the connector meanwhile', async () => {
    await make('orders', { lanes: '4' })
    const entry = log.state?.connectors.get('orders')
    if (entry === undefined) throw new Error('it was not made')
    log.interrupt = () => [{ ...entry, config: { ...entry.config, delivery: 'at_least_once' }, configId: '2.else' }]
    await service.patchConfig('orders', new Map([['poll.idle.max.ms', '50']]), never)
    expect(kept('orders')).toMatchObject({ delivery: 'at_least_once', 'poll.idle.max.ms': '50' })
    expect(log.state?.connectors.get('orders')?.target).toBe('STOPPED')
  })

  it.each([
    [{ pipeline: 'orders' }],
    [{ 'ledger.topic': 'tailrace.orders.ledger' }],
    [{ 'group.id': 'tailrace.orders' }],
  ])('do not share a pipeline: %j', async (more) => {
    await make('orders')
    await expect(make('twin', more)).rejects.toMatchObject({ code: 'CONNECTOR_EXISTS' })
    await expect(make('ORDERS')).rejects.toMatchObject({ code: 'CONNECTOR_EXISTS' })
    expect(await make('twin')).toMatchObject({ name: 'twin' })
  })

  it.each([
    [{}, { 'errors.deadletterqueue.topic.name': 'tailrace.orders.ledger' }, 'CONFIG_INVALID'],
    [{}, { 'route.rules': 'a = 1 => tailrace.service.g.config' }, 'CONFIG_INVALID'],
    [{}, { 'topic.prefix': 'tailrace.service.g' }, 'CONFIG_INVALID'],
    [{}, { pipeline: 'service.g' }, 'CONFIG_INVALID'],
    [{ 'ledger.topic': 'places' }, { 'topic.name': 'places' }, 'TOPIC_RESERVED'],
    [{ 'ledger.topic': 'places' }, { 'route.rules': 'a = 1 => places' }, 'TOPIC_RESERVED'],
    [{ 'signal.kafka.topic': 'signals' }, { 'ledger.topic': 'signals' }, 'TOPIC_RESERVED'],
  ])('leave what the service and its other connectors keep alone: beside %j not %j', async (ones, others, code) => {
    await make('orders', ones)
    await expect(make('bills', others)).rejects.toMatchObject({ code })
    expect(await make('bills', { 'topic.name': 'bills' })).toMatchObject({ name: 'bills' })
  })

  it('are said to be the same, or unknown, only if that is so once a commit has proven it', async () => {
    await make('orders')
    const entry = log.state?.connectors.get('orders')
    if (entry === undefined) throw new Error('it was not kept')
    log.interrupt = () => [{ ...entry, config: { ...entry.config, lanes: '4' }, configId: '1.by somebody else' }]
    await service.replaceConfig('orders', config('orders'), never)
    expect(kept('orders')).toEqual({ name: 'orders', ...properties })
    log.interrupt = () => [{ ...entry, name: 'bills', config: Object.fromEntries(config('bills')), configId: '1.u' }]
    await expect(service.patchConfig('bills', new Map([['lanes', '4']]), never)).resolves.toMatchObject({
      name: 'bills',
    })
    await expect(service.patchConfig('none', new Map(), never)).rejects.toMatchObject({ code: 'CONNECTOR_UNKNOWN' })
  })

  it('are changed by the leader only', async () => {
    log.leader = { kind: 'other', process: 'p' }
    await expect(make('orders')).rejects.toMatchObject({ code: 'SERVICE_CHANGING' })
  })
})

describe('what is wanted of connectors', () => {
  it('is kept beside the configuration, which it leaves alone', async () => {
    await make('orders')
    const id = idOf('orders')
    await service.setTarget('orders', 'PAUSED', never)
    await service.restart('orders', { includeTasks: true, onlyFailed: true }, never)
    board.processes = [
      processReport('a', { orders: { state: 'STOPPED', configId: id } }),
      processReport('b', { orders: { state: 'PAUSED', configId: id } }),
    ]
    await service.restartTask('orders', 0, never)
    await service.restartTask('orders', 0, never)
    const entry = log.state?.connectors.get('orders')
    expect(entry).toMatchObject({ target: 'PAUSED', configId: id, restart: { onlyFailed: false, process: 'b' } })
    expect(entry?.earlierRestarts).toEqual([expect.objectContaining({ onlyFailed: true })])
    await expect(service.restartTask('orders', 1, never)).rejects.toMatchObject({ code: 'TASK_UNKNOWN' })
    await service.remove('orders', never)
    await expect(service.setTarget('orders', 'RUNNING', never)).rejects.toMatchObject({ code: 'CONNECTOR_UNKNOWN' })
  })

  it('lets positions change only while nothing of it runs', async () => {
    await make('orders')
    await service.setTarget('orders', 'PAUSED', never)
    await expect(service.resetOffsets('orders', never)).rejects.toMatchObject({ code: 'CONNECTOR_NOT_STOPPED' })
    await service.setTarget('orders', 'STOPPED', never)
    board.processes = [processReport('a', { orders: { state: 'RUNNING', configId: '1.a' } })]
    await expect(service.alterOffsets('orders', [], never)).rejects.toMatchObject({ code: 'CONNECTOR_NOT_STOPPED' })
  })

  it('keeps topics, which are part of the ledger', async () => {
    await make('orders')
    await expect(service.resetTopics('orders', never)).rejects.toMatchObject({ code: 'TOPICS_NOT_TRACKED' })
  })
})

describe('answers', () => {
  it('say that the process starts, is well, or is not', async () => {
    expect(await service.health(never)).toMatchObject({ status: 'healthy' })
    board.ageMs = 20_000
    expect(await service.health(never)).toMatchObject({ status: 'unhealthy' })
    board.ageMs = 0
    log.trouble = new TailraceError('SERVICE_LOG_FOREIGN', 'somebody else writes there')
    expect(await service.health(never)).toMatchObject({
      status: 'unhealthy',
      message: expect.stringContaining('SERVICE_LOG_FOREIGN'),
    })
    log.state = undefined
    expect(await service.health(never)).toMatchObject({ status: 'starting' })
    await expect(service.connectors(never)).rejects.toMatchObject({ code: 'SERVICE_CHANGING' })
  })

  it('hold no tables where the ledger cannot be looked into', async () => {
    await make('orders')
    const status = await service.status('orders', never)
    expect(status).toEqual({
      name: 'orders',
      connector: { state: 'STOPPED', worker_id: 'me:8083', version: '1.2.3' },
      tasks: [],
      type: 'source',
    })
    await expect(service.topics('orders', never)).rejects.toMatchObject({ code: 'KAFKA_UNREACHABLE' })
  })

  it('hold what is skipped, until it is not any more', async () => {
    await make('orders')
    const memory = createMemoryLedger(ordersEntry)
    const lookSkips = (...skipped: readonly SkippedTable[]): void => {
      const entry = skippedEntry(memory.read()[0]?.skipped, skipped, 0)
      if (entry !== undefined) memory.write([{ lane: 0, entry }])
    }
    const identity = { kind: 'identity', pipeline: 'orders', clusterId: 'c', topicId: 'l', lanes: 3 } as const
    const of = { ...identity, epoch: 1, fingerprint: 'f' }
    look = async () => ({ identity: of, lanes: memory.read(), tables: [ordersEntry] })
    const shown = async (): Promise<unknown> => statusJson(await service.status('orders', never))
    const orders = { table: 'orders', arn: 'arn', state: 'RUNNING' }
    const still = { name: 'still', arn: 'arn-2', code: 'STREAM_DISABLED', message: 'Table still has no enabled stream' }
    lookSkips(still)
    const reason = 'STREAM_DISABLED: Table still has no enabled stream'
    expect(await shown()).toMatchObject({
      tables: [orders, { table: 'still', arn: 'arn-2', state: 'UNASSIGNED', reason }],
    })
    lookSkips(...Array.from({ length: 203 }, (_, i) => ({ ...still, arn: `arn-${i}` })))
    expect(await shown()).toMatchObject({ more_skipped: 3 })
    lookSkips()
    expect(await shown()).toMatchObject({ tables: [orders] })
    expect(await shown()).not.toHaveProperty('more_skipped')
  })

  it('know transforms and predicates beside connectors', async () => {
    const plugins = await service.plugins(never)
    expect(new Set(plugins.map(({ type }) => type))).toEqual(new Set(['source', 'transformation', 'predicate']))
    expect(plugins).toContainEqual({
      class: 'org.apache.kafka.connect.transforms.ReplaceField$Value',
      type: 'transformation',
      version: '1.2.3',
    })
    await expect(service.pluginConfig('nothing', never)).rejects.toMatchObject({ code: 'PLUGIN_UNKNOWN' })
  })

  it('validate within what the operator allows', async () => {
    const found = await service.validate(
      'TailraceSource',
      config('orders', { 'kafka.bootstrap.servers': 'evil:1' }),
      never,
    )
    const value = found.configs.find(({ definition }) => definition.name === 'kafka.bootstrap.servers')?.value
    expect(value?.errors.join()).toContain('override.policy')
  })

  it('change levels here, or everywhere', async () => {
    const name = connectorLogger('orders')
    expect(await service.setLogger(name, { level: 'DEBUG', scope: 'worker' }, never)).toEqual([name])
    expect(await service.logger(name, never)).toEqual({ level: 'DEBUG', last_modified: 7 })
    expect(told).toEqual([])
    await service.setLogger('root', { level: 'WARN', scope: 'cluster' }, never)
    expect(told).toMatchObject([{ method: 'PUT', path: '/admin/loggers/root?scope=worker', body: '{"level":"WARN"}' }])
    for (const scope of ['worker', 'cluster'] as const)
      await expect(service.setLogger('no.such', { level: 'WARN', scope }, never)).rejects.toMatchObject({
        code: 'LOGGER_UNKNOWN',
      })
    expect(told).toHaveLength(1)
  })
})
