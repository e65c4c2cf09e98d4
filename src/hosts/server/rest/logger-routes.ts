import { TailraceError } from '../../../errors.ts'
import type { LoggerLevelName } from './connect-service.ts'
import { configOf, invalid, objectBody, shown } from './request-values.ts'
import { reads } from './route.ts'
import type { Reply, RestRequest, Route } from './route.ts'

const one = '/admin/loggers/:logger'

/** Levels of the log. */
export const loggerRoutes: readonly Route[] = [
  reads('/admin/loggers', async ({ service, signal }) => {
    const loggers = await service.loggers(signal)
    return { status: 200, body: Object.fromEntries([...loggers].map(([name, level]) => [name, { ...level }])) }
  }),
  reads(one, async ({ service, param, signal }) => ({
    status: 200,
    body: { ...(await service.logger(param('logger'), signal)) },
  })),
  // What holds for all processes is state of the service.
  { method: 'PUT', path: one, role: 'operator', takesBody: true, by: scopeOwner, run: setLevel },
]

function isCluster(query: URLSearchParams): boolean {
  return query.get('scope')?.toLowerCase() === 'cluster'
}

function scopeOwner(query: URLSearchParams): 'anyone' | 'leader' {
  return isCluster(query) ? 'leader' : 'anyone'
}

const levels: readonly LoggerLevelName[] = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL', 'OFF']

async function setLevel({ service, param, query, body, signal }: RestRequest): Promise<Reply> {
  const given = configOf(objectBody(body, 'texts')).get('level')
  if (given === undefined) throw invalid("Desired 'level' parameter was not specified in request.")
  const level = levels.find((each) => each === given.toUpperCase())
  if (level === undefined) throw new TailraceError('LOGGER_UNKNOWN', `invalid log level '${shown(given)}'.`)
  const scope = isCluster(query) ? 'cluster' : 'worker'
  const changed = await service.setLogger(param('logger'), { level, scope }, signal)
  return scope === 'cluster' ? { status: 204 } : { status: 200, body: changed }
}
