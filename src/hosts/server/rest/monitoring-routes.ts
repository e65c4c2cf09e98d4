import type { Context, Env, Hono } from 'hono'
import { monitoringAnswer, monitoringPaths } from '../monitoring-answers.ts'
import type { MonitoringPath, MonitoringSources } from '../monitoring-answers.ts'
import { reads } from './route.ts'
import type { Route } from './route.ts'

/** What `/metrics`, and the words of `/readyz`, are to those who ask for them: as a route for viewers. */
const watching: Readonly<Record<MonitoringPath, Route>> = {
  '/metrics': reads('/metrics', notRun),
  '/livez': reads('/livez', notRun),
  '/readyz': reads('/readyz', notRun),
}

/**
 * Metrics and probes beside the REST API, in their own forms. Probes are answered to anyone, by whatever name this host is called: an
 * orchestrator calls it by its address, and has no password. What readiness says in words, and metrics, name tables: for viewers.
 */
export function addMonitoringRoutes<E extends Env>(
  app: Hono<E>,
  sources: MonitoringSources,
  /** The refusal, if who asks may not use the route. */
  refusalOf: (route: Route, context: Context<E>) => Promise<Response | undefined>,
): void {
  for (const path of monitoringPaths) {
    app.on('GET', path, async (context) => {
      const refusal = path === '/livez' ? undefined : await refusalOf(watching[path], context)
      if (path === '/metrics' && refusal !== undefined) return refusal
      const { status, contentType, body } = await monitoringAnswer(path, sources, refusal !== undefined)
      const headers = { 'content-type': contentType, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
      return new Response(body, { status, headers })
    })
  }
}

function notRun(): Promise<never> {
  return Promise.reject(new Error('monitoring answers by itself'))
}
