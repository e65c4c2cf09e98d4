import { hkdfSync } from 'node:crypto'
import { hostname } from 'node:os'
import type { ServiceAccess, ServiceConfig } from '../../config/service/service-config.ts'
import { TailraceError } from '../../errors.ts'
import { nobodyListed, parseAccessList } from '../server/access/access-list.ts'
import type { AccessList } from '../server/access/access-list.ts'
import type { GuardOptions } from '../server/access/request-guard.ts'
import { checkListen, startRestServer } from '../server/rest/start-rest-server.ts'
import type { RestServer, RestServerOptions } from '../server/rest/start-rest-server.ts'
import { advertisedAddress } from './service-url.ts'

/** Who may use the service; nobody is on the list where nobody is asked. Throws ACCESS_INVALID. */
export function accessOf({ access: { list } }: ServiceConfig): AccessList {
  return list === undefined ? nobodyListed : parseAccessList(list.text, list.path)
}

/** The same in all processes that have the secret; of no use for anything else. */
export function forwardKey({
  access,
  group,
}: {
  readonly access: Pick<ServiceConfig['access'], 'forwardSecret'>
  readonly group: string
}): Uint8Array | undefined {
  const secret = access.forwardSecret?.reveal()
  return secret === undefined ? undefined : new Uint8Array(hkdfSync('sha256', secret, group, 'tailrace forward', 32))
}

/** Names by which this process may be called: each under which it says that it is reached, or listens, and that of its machine. */
export function guardOf(
  config: Pick<ServiceConfig, 'listeners' | 'advertised'> & {
    readonly access: Pick<ServiceAccess, 'hosts' | 'origins'>
  },
  machine: string,
): GuardOptions {
  const { hosts, origins } = config.access
  const advertised = advertisedAddress(config, { boundPort: 0, machine }).host
  const own = [advertised, machine, ...config.listeners.map(({ host }) => host)]
  return { hosts: [...new Set([...hosts, ...own.map((name) => name.toLowerCase())])], origins }
}

/** Listens on every listener. Rejects with LISTEN_UNPROTECTED before anything is opened, and with LISTEN_FAILED. */
export async function openListeners(
  config: ServiceConfig,
  access: AccessList,
  options: Omit<RestServerOptions, 'listen' | 'access' | 'tls' | 'guard'>,
): Promise<readonly RestServer[]> {
  for (const { host } of config.listeners) checkListen(host, access)
  await using opened = new AsyncDisposableStack()
  const servers: RestServer[] = []
  const guard = guardOf(config, hostname())
  const { tls } = config
  const keys =
    tls === undefined
      ? {}
      : {
          tls: {
            key: tls.keystore.reveal(),
            cert: tls.keystore.reveal(),
            ...(tls.asksClients && tls.truststore !== undefined ? { ca: tls.truststore } : {}),
          },
        }
  for (const { scheme, host, port } of config.listeners) {
    const server = { ...options, guard, access, listen: { host, port }, ...(scheme === 'https' ? keys : {}) }
    try {
      servers.push(opened.use(await startRestServer(server)))
    } catch (error) {
      if (error instanceof TailraceError) throw error
      throw new TailraceError('LISTEN_FAILED', `listeners: ${host}:${port} cannot be used`, { cause: error })
    }
  }
  opened.move()
  return servers
}
