import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { systemClock } from '../../async/system-clock.ts'
import { systemRng } from '../../async/system-rng.ts'
import { TailraceError } from '../../errors.ts'
import type { ReportBoard } from '../../service/process-reports.ts'
import { auditTo } from '../server/access/audit-log.ts'
import { readinessOf } from '../server/health-check.ts'
import type { LagWatch } from '../server/lag-watch.ts'
import { createForwardTokens } from '../server/rest/forward-token.ts'
import type { Forwarding } from '../server/rest/forwarding.ts'
import { openForwarder } from '../server/rest/send-forward.ts'
import { createConnectService } from './connect-service-of.ts'
import type { ConnectServiceParts } from './connect-service-of.ts'
import { createConnectorOffsets } from './connector-offsets.ts'
import { createConnectorWriter } from './connector-writer.ts'
import { leadershipOf, revisionsOf } from './leadership.ts'
import { createLedgerSights } from './ledger-sights.ts'
import type { LedgerSights } from './ledger-sights.ts'
import type { ServiceProcess } from './process-parts.ts'
import { accessOf, forwardKey, openListeners } from './rest-listeners.ts'
import { serviceChecks } from './service-checks.ts'
import { advertisedAddress, advertisedListener } from './service-url.ts'
import type { AdvertisedAddress } from './service-url.ts'
import { createTellProcesses } from './tell-processes.ts'

/** The REST API of a process. */
export interface ServedApi extends AsyncDisposable {
  /** Of each listener. */
  readonly urls: readonly string[]
  readonly address: AdvertisedAddress
  /** From now on requests are answered; before, that the process is starting. */
  begin(board: ReportBoard): void
}

/** What is known once the process listens. */
interface Begun {
  readonly board: ReportBoard
  readonly address: AdvertisedAddress
}

/** Listens on every listener of the configuration. */
export async function serveApi(process: ServiceProcess, lag: LagWatch): Promise<ServedApi> {
  const { options, log, logger, metrics, monitors } = process
  const { config } = options
  await using opened = new AsyncDisposableStack()
  const forwarder = opened.use(openForwarder({ ca: config.tls?.truststore }))
  const key = forwardKey(config)
  const tokens = key === undefined ? undefined : createForwardTokens({ key, self: process.id, clock: systemClock })
  const forwarding: Forwarding = { send: forwarder.send, tokens }
  const sights = opened.use(sightsOf(process))
  let begun: Begun | undefined
  const now = (): Begun => {
    if (begun !== undefined) return begun
    throw new TailraceError('SERVICE_CHANGING', 'Cannot complete request momentarily: the process is still starting')
  }
  const servers = await openListeners(config, accessOf(config), {
    service: createConnectService(partsOf(process, { sights, forwarding, now })),
    leadership: leadershipOf(log, () => begun),
    forwarding,
    revisions: revisionsOf(log),
    audit: auditTo(logger),
    monitoring: {
      metrics: async () => ({ contentType: metrics.contentType, body: await metrics.expose() }),
      readiness: () =>
        readinessOf(
          serviceChecks(log, begun?.board ?? silent, { self: process.id, processTimeoutMs: config.processTimeoutMs }),
          monitors.checks(),
        ),
      lagMs: () => lag.lagMs,
    },
    clock: systemClock,
    logger,
    hide: (text) => options.redactor.redact(text),
  })
  for (const server of servers) opened.use(server)
  const urls = servers.map(({ url }) => url)
  const own = urls[config.listeners.indexOf(advertisedListener(config))] ?? ''
  const address = advertisedAddress(config, { boundPort: Number(new URL(own).port), machine: hostname() })
  const resources = opened.move()
  return {
    urls,
    address,
    begin: (board) => {
      begun = { board, address }
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

const silent: Pick<ReportBoard, 'ageMs' | 'processes'> = { ageMs: Infinity, processes: [] }

function sightsOf({ configs, clusters }: ServiceProcess): LedgerSights {
  return createLedgerSights({
    clock: systemClock,
    rng: systemRng,
    load: (entry, signal) => configs.load(entry, signal),
    openKafka: (pipeline) => clusters.open(pipeline),
  })
}

interface ApiParts {
  readonly sights: LedgerSights
  readonly forwarding: Forwarding
  /** Throws SERVICE_CHANGING while the process begins. */
  readonly now: () => Begun
}

function partsOf(process: ServiceProcess, { sights, forwarding, now }: ApiParts): ConnectServiceParts {
  const { options, clusters, configs, log, logger } = process
  const { config, credentials, env } = options
  let clusterId: string | undefined
  const clock = systemClock
  return {
    log,
    get board() {
      return now().board
    },
    get workerId() {
      return now().address.workerId
    },
    writer: createConnectorWriter(log, {
      configs,
      clock,
      rng: systemRng,
      env,
      logger,
      ledgerOf: (pipeline, signal) => clusters.identityOf(pipeline, signal),
      isTakenFor: process.isTakenFor,
      unique: randomUUID,
    }),
    configs,
    sights,
    offsets: createConnectorOffsets({
      access: sights.access,
      processes: () => now().board.processes,
      source: { env, ...(credentials === undefined ? {} : { credentials }) },
    }),
    levels: options.levels,
    tell: (telling, signal) =>
      createTellProcesses({ board: now().board, self: process.id, forwarding, clock })(telling, signal),
    clock,
    version: options.version,
    clusterId: async (signal) => (clusterId ??= (await process.kafka.cluster(signal)).clusterId),
    processTimeoutMs: config.processTimeoutMs,
    unique: randomUUID,
  }
}
