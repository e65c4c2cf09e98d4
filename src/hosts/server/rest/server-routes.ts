import type { WorkerHealth } from './connect-service.ts'
import { reads } from './route.ts'
import type { Route } from './route.ts'

const statuses: Readonly<Record<WorkerHealth['status'], number>> = { healthy: 200, starting: 503, unhealthy: 500 }

/** Who answers, and whether it is well. Probes of an orchestrator have no password, so health is told to anyone. */
export const serverRoutes: readonly Route[] = [
  reads('/', async ({ service, signal }) => ({ status: 200, body: { ...(await service.serverInfo(signal)) } })),
  {
    ...reads('/health', async ({ service, signal }) => {
      const health = await service.health(signal)
      return { status: statuses[health.status], body: { ...health } }
    }),
    role: 'anyone',
  },
]
