import { maskConfig } from '../../../config/configdef/mask-config.ts'
import type { ConnectorConfig } from '../../../config/configdef/config-infos.ts'
import { TailraceError } from '../../../errors.ts'
import type { ConnectorInfo, ConnectorStatus, TaskStatus, TargetState } from './connect-service.ts'
import { checkNewName, invalid, objectBody, patchOf, shown, taskOf, wholeConfigOf, withName } from './request-values.ts'
import { changes, reads } from './route.ts'
import type { Json, Reply, RestRequest, Route } from './route.ts'

const one = '/connectors/:connector'

/** Making, reading, changing and deleting connectors. */
export const connectorRoutes: readonly Route[] = [
  reads('/connectors', list),
  changes('POST', '/connectors', create),
  reads(one, async ({ service, param, signal }) => ok(infoJson(await service.info(param('connector'), signal)))),
  changes('DELETE', one, async ({ service, param, signal }) => {
    await service.remove(param('connector'), signal)
    return { status: 204 }
  }),
  reads(`${one}/config`, async ({ service, param, signal }) =>
    ok(configJson((await service.info(param('connector'), signal)).config)),
  ),
  changes('PUT', `${one}/config`, replace),
  changes('PATCH', `${one}/config`, patch),
  reads(`${one}/status`, async ({ service, param, signal }) =>
    ok(statusJson(await service.status(param('connector'), signal))),
  ),
  reads(`${one}/tasks`, async ({ service, param, signal }) => {
    const tasks = await service.tasks(param('connector'), signal)
    return ok(tasks.map(({ id, config }) => ({ id: { ...id }, config: configJson(config) })))
  }),
  reads(`${one}/tasks-config`, async ({ service, param, signal }) => {
    const tasks = await service.tasks(param('connector'), signal)
    return ok(Object.fromEntries(tasks.map(({ id, config }) => [`${id.connector}-${id.task}`, configJson(config)])))
  }),
  reads(`${one}/tasks/:task/status`, async (request) => {
    const [name, id] = [request.param('connector'), taskOf(request)]
    const { tasks } = await request.service.status(name, request.signal)
    const task = tasks.find((each) => each.id === id)
    if (task === undefined) throw new TailraceError('TASK_UNKNOWN', `No status found for task ${shown(name)}-${id}`)
    return ok(taskJson(task))
  }),
  reads(`${one}/topics`, async ({ service, param, signal }) => {
    const name = param('connector')
    return ok({ [name]: { topics: await service.topics(name, signal) } })
  }),
]

/** A status as Connect shows it, with the tables besides where there are some. */
export function statusJson({ name, connector, tasks, type, tables, more_skipped }: ConnectorStatus): Json {
  return {
    name,
    connector: { ...connector },
    tasks: tasks.map(taskJson),
    type,
    ...(tables === undefined ? {} : { tables: tables.map((table) => ({ ...table })) }),
    ...(more_skipped === undefined ? {} : { more_skipped }),
  }
}

function taskJson({ id, ...report }: TaskStatus): Json {
  return { id, ...report }
}

function infoJson({ name, config, tasks, type }: ConnectorInfo): Json {
  return { name, config: configJson(config), tasks: tasks.map((task) => ({ ...task })), type }
}

function configJson(config: ConnectorConfig): Json {
  return Object.fromEntries(maskConfig(config))
}

async function list({ service, query, signal }: RestRequest): Promise<Reply> {
  const names = await service.connectors(signal)
  if (!query.has('expand')) return ok(names)
  const wanted = new Set(query.getAll('expand'))
  const expanded = await Promise.all(
    names.map(async (name): Promise<readonly [string, Json] | undefined> => {
      try {
        const status = wanted.has('status') ? { status: statusJson(await service.status(name, signal)) } : {}
        const info = wanted.has('info') ? { info: infoJson(await service.info(name, signal)) } : {}
        return [name, { ...status, ...info }]
      } catch (error) {
        // Deleted between the two questions.
        if (error instanceof TailraceError && error.code === 'CONNECTOR_UNKNOWN') return undefined
        throw error
      }
    }),
  )
  return ok(Object.fromEntries(expanded.filter((entry) => entry !== undefined)))
}

const createMembers: ReadonlySet<string> = new Set(['name', 'config', 'initial_state'])

async function create({ service, body, signal }: RestRequest): Promise<Reply> {
  const request = objectBody(body, 'texts')
  const strange = Object.keys(request).find((member) => !createMembers.has(member))
  if (strange !== undefined)
    throw invalid(`Unrecognized field "${shown(strange)}": name, config and initial_state are known`)
  const given = request['name'] ?? ''
  if (typeof given !== 'string') throw invalid('name must be a text')
  const target = targetOf(request['initial_state'])
  const config = wholeConfigOf(request['config'], 'config')
  const name = checkNewName(given.trim())
  const info = await service.create(name, { config: withName(name, config), target }, signal)
  return { status: 201, body: infoJson(info), location: pathOf(name) }
}

function targetOf(given: unknown): TargetState {
  const target =
    given === undefined || given === null ? 'RUNNING' : typeof given === 'string' ? given.toUpperCase() : ''
  if (target === 'RUNNING' || target === 'PAUSED' || target === 'STOPPED') return target
  throw invalid('initial_state must be RUNNING, PAUSED or STOPPED')
}

async function replace({ service, param, body, signal }: RestRequest): Promise<Reply> {
  const name = param('connector')
  const config = withName(checkNewName(name), wholeConfigOf(objectBody(body, 'texts')))
  const { created, info } = await service.replaceConfig(name, config, signal)
  return created ? { status: 201, body: infoJson(info), location: pathOf(name) } : ok(infoJson(info))
}

async function patch({ service, param, body, signal }: RestRequest): Promise<Reply> {
  const name = param('connector')
  const given = patchOf(objectBody(body, 'texts'))
  const included = given.get('name')
  if (included !== undefined && included !== name) throw invalid("the name of a connector can't be changed")
  return ok(infoJson(await service.patchConfig(name, given, signal)))
}

function pathOf(name: string): string {
  return `/connectors/${encodeURIComponent(name)}`
}

function ok(body: Json): Reply {
  return { status: 200, body }
}
