import type { Clock } from '../../../src/async/clock.ts'
import type { Rng } from '../../../src/async/rng.ts'
import { systemClock } from '../../../src/async/system-clock.ts'
import { startServer } from './http-server.ts'
import type { HttpService } from './http-server.ts'
import { perform } from './operations.ts'
import { createStreamService } from './stream-service.ts'
import type { StreamService } from './stream-service.ts'

/**
 * DynamoDB and DynamoDB Streams as an HTTP server of this process, for tests: speaks the wire protocol, splits and
 * rotates shards, and fails in every way that a plan says. Driven by method calls; read, also by other processes,
 * through its endpoint. Single-threaded, so every request sees whole changes.
 */
export interface StreamSimulator extends StreamService, AsyncDisposable {
  /** For `AWS_ENDPOINT_URL`: serves both DynamoDB and DynamoDB Streams. */
  readonly endpoint: string
  /** How often each action was asked for. */
  readonly requests: ReadonlyMap<string, number>
  stop(): Promise<void>
}

/** Starts a simulator on a free port of the loopback interface. */
export async function startStreamSimulator(options?: {
  readonly clock?: Clock
  /** For faults with a probability. */
  readonly rng?: Rng
  readonly region?: string
  readonly account?: string
}): Promise<StreamSimulator> {
  const requests = new Map<string, number>()
  const { state, ...service } = createStreamService({ ...options, clock: options?.clock ?? systemClock })
  const count = ({ action }: { readonly action: string }): void =>
    void requests.set(action, (requests.get(action) ?? 0) + 1)
  const http: HttpService = {
    clock: state.clock,
    settings: state.settings,
    perform: (target, request, fault) => perform(state, target, request, fault),
  }
  const server = await startServer(http, service.faults, count)
  return {
    ...service,
    endpoint: server.endpoint,
    requests,
    stop: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  }
}
