import { statusJson } from './connector-routes.ts'
import type { TargetState } from './connect-service.ts'
import { flag, taskOf } from './request-values.ts'
import { operates, reads } from './route.ts'
import type { Reply, Route } from './route.ts'

const one = '/connectors/:connector'

/** Starting, pausing, stopping and restarting: connectors and tasks as Connect does, and tables beyond it. */
export const controlRoutes: readonly Route[] = [
  target('pause', 'PAUSED', 202),
  target('resume', 'RUNNING', 202),
  target('stop', 'STOPPED', 204),
  operates('POST', `${one}/restart`, async ({ service, param, query, signal }): Promise<Reply> => {
    const request = { includeTasks: flag(query, 'includeTasks'), onlyFailed: flag(query, 'onlyFailed') }
    const status = await service.restart(param('connector'), request, signal)
    return request.includeTasks || request.onlyFailed ? { status: 202, body: statusJson(status) } : { status: 204 }
  }),
  operates('POST', `${one}/tasks/:task/restart`, async (request): Promise<Reply> => {
    await request.service.restartTask(request.param('connector'), taskOf(request), request.signal)
    return { status: 204 }
  }),
  operates('PUT', `${one}/topics/reset`, async ({ service, param, signal }): Promise<Reply> => {
    await service.resetTopics(param('connector'), signal)
    return { status: 202 }
  }),
  reads(`${one}/tables`, async ({ service, param, signal }): Promise<Reply> => {
    const { tables = [] } = await service.status(param('connector'), signal)
    return { status: 200, body: tables.map((each) => ({ ...each })) }
  }),
  tableTarget('pause', 'PAUSED', 202),
  tableTarget('resume', 'RUNNING', 202),
  tableTarget('stop', 'STOPPED', 204),
  ofTable('POST', 'restart', async ({ service, param, signal }): Promise<Reply> => {
    await service.restartTable(param('connector'), param('table'), signal)
    return { status: 204 }
  }),
]

/** The pipeline's ledger takes it, from whichever process: nobody waits for a leader. */
function ofTable(method: 'PUT' | 'POST', verb: string, run: Route['run']): Route {
  return { ...operates(method, `${one}/tables/:table/${verb}`, run), by: 'anyone' }
}

function target(verb: string, state: TargetState, status: number): Route {
  return operates('PUT', `${one}/${verb}`, async ({ service, param, signal }) => {
    await service.setTarget(param('connector'), state, signal)
    return { status }
  })
}

function tableTarget(verb: string, state: TargetState, status: number): Route {
  return ofTable('PUT', verb, async ({ service, param, signal }) => {
    await service.setTableTarget(param('connector'), param('table'), state, signal)
    return { status }
  })
}
