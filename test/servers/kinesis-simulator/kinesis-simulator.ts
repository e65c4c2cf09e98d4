import type { Clock } from '../../../src/async/clock.ts'
import type { Rng } from '../../../src/async/rng.ts'
import { systemClock } from '../../../src/async/system-clock.ts'
import { startServer } from '../stream-simulator/http-server.ts'
import { performKinesis } from './kinesis-operations.ts'
import { createKinesisService } from './kinesis-service.ts'
import type { ServedKinesis } from './kinesis-service.ts'

/** Kinesis as an HTTP server of this process, for tests. Single-threaded, so every request sees whole changes. */
export interface KinesisSimulator extends ServedKinesis, AsyncDisposable {
  /** For `AWS_ENDPOINT_URL_KINESIS`. */
  readonly endpoint: string
  /** How often each action was asked for. */
  readonly requests: ReadonlyMap<string, number>
  stop(): Promise<void>
}

/** Starts a simulator on a free port of the loopback interface. */
export async function startKinesisSimulator(options?: {
  readonly clock?: Clock
  readonly rng?: Rng
  readonly region?: string
  readonly account?: string
}): Promise<KinesisSimulator> {
  const requests = new Map<string, number>()
  const service = createKinesisService({ ...options, clock: options?.clock ?? systemClock })
  const { clock, settings } = service.state
  const server = await startServer(
    { clock, settings, perform: (_, request, fault) => performKinesis(service.state, request, fault) },
    service.faults,
    ({ action }) => void requests.set(action, (requests.get(action) ?? 0) + 1),
  )
  return {
    ...service,
    endpoint: server.endpoint,
    requests,
    stop: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  }
}
