import type { Readiness } from './health-check.ts'
import { lagBoundMs } from './lag-watch.ts'

/** What the monitoring endpoints ask. */
export interface MonitoringSources {
  /** The Prometheus page. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly body: string }>
  readonly readiness: () => Readiness
  /** By how much the event loop is late. Milliseconds. */
  readonly lagMs: () => number
}

/** An answer, whatever serves it. */
export interface MonitoringAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** The paths that are answered. */
export const monitoringPaths = ['/metrics', '/livez', '/readyz'] as const

/** One of them. */
export type MonitoringPath = (typeof monitoringPaths)[number]

/**
 * What `/metrics`, `/livez` and `/readyz` say. Liveness says only that the process turns: it must not fail when Kafka or AWS are
 * away, or an orchestrator would kill a worker that only has to wait. `isBrief` leaves out of readiness what names tables.
 */
export async function monitoringAnswer(
  path: MonitoringPath,
  sources: MonitoringSources,
  isBrief = false,
): Promise<MonitoringAnswer> {
  switch (path) {
    case '/metrics':
      return { status: 200, ...(await sources.metrics()) }
    case '/livez': {
      const lagMs = Math.round(sources.lagMs())
      return lagMs <= lagBoundMs
        ? { status: 200, contentType: text, body: 'ok\n' }
        : { status: 503, contentType: text, body: `the event loop is ${lagMs} ms late\n` }
    }
    case '/readyz': {
      const readiness = sources.readiness()
      const shown = isBrief ? briefly(readiness) : readiness
      const status = readiness.status === 'ready' ? 200 : 503
      return { status, contentType: 'application/json', body: `${JSON.stringify(shown, undefined, 2)}\n` }
    }
  }
}

const text = 'text/plain; charset=utf-8'

/** The path, if it is one of these. */
export function monitoringPath(path: string): MonitoringPath | undefined {
  return monitoringPaths.find((known) => known === path)
}

function briefly({ status, checks }: Readiness): unknown {
  return { status, checks: checks.map((check) => ({ name: check.name, status: check.status })) }
}
