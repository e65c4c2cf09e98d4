import { systemClock } from '../../src/async/system-clock.ts'
import { parseAccessList } from '../../src/hosts/server/access/access-list.ts'
import { startRestServer } from '../../src/hosts/server/rest/start-rest-server.ts'
import type { RestServer } from '../../src/hosts/server/rest/start-rest-server.ts'
import { silentLogger } from '../../src/observe/logger.ts'
import { createMemoryConnectService } from '../fixtures/memory-connect-service.ts'
import type { Peer } from './play.ts'

/** Our REST API, over a socket, in front of a service in memory. */
export function startOwnServer(): Promise<RestServer> {
  return startRestServer({
    listen: { host: '127.0.0.1', port: 0 },
    access: parseAccessList('', 'access.list'),
    service: createMemoryConnectService({ checks: true }),
    leadership: { leader: () => ({ kind: 'self' }) },
    forwarding: { send: () => Promise.reject(new Error('unused')), tokens: undefined },
    guard: { hosts: [], origins: [] },
    audit: () => {},
    clock: systemClock,
    logger: silentLogger,
  })
}

/** Whatever answers at the address as a tailrace that reads the table. */
export function ownPeer(url: string, table = 'orders'): Peer {
  return {
    url,
    plugin: 'TailraceSource',
    class: 'tailrace.TailraceSourceConnector',
    config: { 'connector.class': 'TailraceSource', 'source.region': 'eu-west-1', 'source.tables': table },
    wrong: ['topic.partitions', 'several'],
    partition: { table, shard_id: 'shardId-1' },
    offset: { sequence_number: '100000000000000000042' },
    renames: [
      [/tailrace\.TailraceSourceConnector(?!,)/g, '{class}'],
      [/TailraceSource(?!Connector)/g, '{plugin}'],
      [/available are: .*$/s, 'available are: {plugins}'],
    ],
  }
}
