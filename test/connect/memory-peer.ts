import { systemClock } from '../../src/async/system-clock.ts'
import { nobodyListed } from '../../src/hosts/server/access/access-list.ts'
import { startRestServer } from '../../src/hosts/server/rest/start-rest-server.ts'
import { silentLogger } from '../../src/observe/logger.ts'
import { createMemoryConnectService } from '../fixtures/memory-connect-service.ts'
import { ownPeer } from './own-peer.ts'
import type { OwnPeer } from './own-peer.ts'

/** Our REST API, over a socket, in front of a service in memory. */
export async function startMemoryPeer(): Promise<OwnPeer & AsyncDisposable> {
  const server = await startRestServer({
    listen: { host: '127.0.0.1', port: 0 },
    access: nobodyListed,
    service: createMemoryConnectService({ refuses: true }),
    leadership: { leader: () => ({ kind: 'self' }) },
    forwarding: { send: () => Promise.reject(new Error('unused')), tokens: undefined },
    guard: { hosts: [], origins: [] },
    audit: () => {},
    clock: systemClock,
    logger: silentLogger,
  })
  const table = {
    table: 'orders',
    topicPrefix: 'dynamodb',
    shardId: 'shardId-1',
    sequenceNumber: '100000000000000000042',
    more: {},
  }
  return { ...ownPeer(server.url, table), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}
