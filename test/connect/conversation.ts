import { step } from './step.ts'
import type { PeerNames, Step } from './step.ts'

const config = (peer: PeerNames): object => peer.config
const withoutClass = (own: PeerNames['config']): object =>
  Object.fromEntries(Object.entries(own).filter(([name]) => name !== 'connector.class'))
const named = (name: string) => (peer: PeerNames) => ({ name, config: peer.config })
const isState =
  (state: string, tasks = 1) =>
  (body: unknown): boolean => {
    const status = body as { connector?: { state?: string }; tasks?: readonly { state?: string }[] }
    const all = status.tasks ?? []
    return status.connector?.state === state && all.length === tasks && all.every((task) => task.state === state)
  }
const isPaused = (body: unknown): boolean => (body as { connector?: { state?: string } }).connector?.state === 'PAUSED'
const hasOffsets = (body: unknown): boolean => (body as { offsets?: readonly unknown[] }).offsets?.length === 1
const hasTopics = (body: unknown): boolean =>
  (body as { shop?: { topics?: readonly unknown[] } }).shop?.topics?.length === 1
const hasTask = (body: unknown): boolean => (body as readonly unknown[]).length === 1
const hasTaskIn = (body: unknown): boolean => (body as { tasks?: readonly unknown[] }).tasks?.length === 1

const server: readonly Step[] = [
  step('GET', '/'),
  step('HEAD', '/'),
  step('GET', '/health'),
  step('GET', '/nothing', 'a path that there is not'),
  step('GET', '/connectors', 'nothing there yet'),
]

const validate = '/connector-plugins/{plugin}/config/validate'
const definitions = { show: 'definitions' } as const

const plugins: readonly Step[] = [
  step('GET', '/connector-plugins', '', definitions),
  step('GET', '/connector-plugins?connectorsOnly=false', '', definitions),
  step('GET', '/connector-plugins?connectorsOnly=perhaps', '', definitions),
  step('GET', '/connector-plugins/{plugin}/config', '', definitions),
  step('GET', '/connector-plugins/{class}/config', '', definitions),
  step('GET', '/connector-plugins/Nothing/config', 'unknown plugin'),
  step('PUT', validate, 'right', { ...definitions, body: (peer: PeerNames) => ({ ...peer.config, name: 'shop' }) }),
  step('PUT', validate, 'a wrong value', {
    ...definitions,
    body: ({ config: own, wrong }: PeerNames) => ({ ...own, name: 'shop', [wrong[0]]: wrong[1] }),
  }),
  step('PUT', validate, 'a number and a null', {
    ...definitions,
    body: (peer: PeerNames) => ({ ...peer.config, name: 'shop', 'tasks.max': 1, 'header.converter': null }),
  }),
  step('PUT', validate, 'without a class', {
    ...definitions,
    body: (peer: PeerNames) => withoutClass(peer.config),
  }),
  step('PUT', validate, 'no properties', { ...definitions, body: {} }),
  step('PUT', validate, 'another class', { body: { 'connector.class': 'Other' } }),
  step('PUT', validate, 'nested', { body: (peer: PeerNames) => ({ ...peer.config, a: { b: 1 } }) }),
  step('PUT', validate, 'a list', { body: [] }),
  step('PUT', validate, 'malformed JSON', { body: '{"a":' }),
  step('PUT', validate, 'no body'),
  step('PUT', '/connector-plugins/Nothing/config/validate', 'unknown plugin', {
    body: { 'connector.class': 'Nothing' },
  }),
  step('GET', validate, 'unknown method'),
]

const refusedCreations: readonly Step[] = [
  step('POST', '/connectors', 'malformed JSON', { body: '{"name":"shop",' }),
  step('POST', '/connectors', 'no body'),
  step('POST', '/connectors', 'a list', { body: [] }),
  step('POST', '/connectors', 'a text', { body: '"shop"' }),
  step('POST', '/connectors', 'null', { body: 'null' }),
  step('POST', '/connectors', 'missing name', { body: (peer: PeerNames) => ({ config: peer.config }) }),
  step('POST', '/connectors', 'missing config', { body: { name: 'shop' } }),
  step('POST', '/connectors', 'config is a list', { body: { name: 'shop', config: [1] } }),
  step('POST', '/connectors', 'config is a text', { body: { name: 'shop', config: 'x' } }),
  step('POST', '/connectors', 'config is nested', {
    body: (peer: PeerNames) => ({ name: 'shop', config: { ...peer.config, a: { b: 1 } } }),
  }),
  step('POST', '/connectors', 'missing class', { body: { name: 'shop', config: { a: 'b' } } }),
  step('POST', '/connectors', 'unknown plugin', { body: { name: 'shop', config: { 'connector.class': 'Nothing' } } }),
  step('POST', '/connectors', 'a wrong value', {
    body: ({ config: own, wrong }: PeerNames) => ({ name: 'shop', config: { ...own, [wrong[0]]: wrong[1] } }),
  }),
  step('POST', '/connectors', 'name mismatch', {
    body: (peer: PeerNames) => ({ name: 'shop', config: { ...peer.config, name: 'other' } }),
  }),
  step('POST', '/connectors', 'unknown member', {
    body: (peer: PeerNames) => ({ name: 'shop', config: peer.config, more: 1 }),
  }),
  step('POST', '/connectors', 'unknown initial_state', {
    body: (peer: PeerNames) => ({ name: 'shop', config: peer.config, initial_state: 'ASLEEP' }),
  }),
  step('POST', '/connectors', 'control characters in the name', { body: named('a\u0007b') }),
  step('POST', '/connectors', 'wrong content type', { body: named('shop'), headers: { 'content-type': 'text/plain' } }),
  step('POST', '/connectors', 'a form', {
    body: 'name=shop',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  }),
  step('POST', '/connectors', 'no content type', { body: named('shop'), headers: { 'content-type': '' } }),
  step('POST', '/connectors', '10 MB', {
    body: (peer: PeerNames) => ({
      name: 'shop',
      config: { ...peer.config, 'connector.class': 'Nothing', long: 'x'.repeat(10_485_760) },
    }),
  }),
  step('PUT', '/connectors/shop/config', 'malformed JSON', { body: '{"a":' }),
  step('PUT', '/connectors/shop/config', 'no body'),
  step('PUT', '/connectors/shop/config', 'a list', { body: [] }),
  step('PUT', '/connectors/shop/config', 'nested', { body: { a: {} } }),
  step('PUT', '/connectors/shop/config', 'unknown plugin', { body: { 'connector.class': 'Nothing' } }),
  step('PUT', '/connectors/shop/config', 'missing class', { body: { a: 'b' } }),
  step('PUT', '/connectors/shop/config', 'name mismatch', {
    body: (peer: PeerNames) => ({ ...peer.config, name: 'other' }),
  }),
  step('PUT', '/connectors/shop/config', 'wrong content type', {
    body: config,
    headers: { 'content-type': 'text/plain' },
  }),
]

const names: readonly Step[] = [
  step('PUT', '/connectors/../x/config', 'a path', { body: config }),
  step('PUT', '/connectors/a/b/config', 'a slash', { body: config }),
  step('PUT', '/connectors/..%2Fx/config', 'an encoded path', { body: config }),
  step('GET', '/connectors/..%2Fx', 'an encoded path'),
  step('DELETE', '/connectors/..%2Fx', 'an encoded path'),
  step('PUT', '/connectors/a%2Fb/config', 'an encoded slash', { body: config }),
  step('GET', '/connectors/a%2Fb', 'an encoded slash'),
  step('DELETE', '/connectors/a%2Fb', 'an encoded slash'),
  step('PUT', '/connectors/caf%C3%A9%20%2B/config', 'letters and signs', { body: config }),
  step('GET', '/connectors/caf%C3%A9%20%2B', 'letters and signs', { until: hasTaskIn }),
  step('DELETE', '/connectors/caf%C3%A9%20%2B', 'letters and signs'),
  step('GET', '/connectors/%ZZ', 'a broken encoding'),
]

const reading: readonly Step[] = [
  step('POST', '/connectors', 'right', { body: named('shop') }),
  step('POST', '/connectors', 'taken name', { body: named('shop') }),
  step('GET', '/connectors/shop/status', '', { until: isState('RUNNING') }),
  step('GET', '/connectors', 'with one'),
  step('GET', '/connectors/', 'trailing slash'),
  step('GET', '//connectors', 'two slashes'),
  step('HEAD', '/connectors'),
  step('GET', '/connectors?expand=status'),
  step('GET', '/connectors?expand=info'),
  step('GET', '/connectors?expand=status&expand=info'),
  step('GET', '/connectors?expand=nothing', 'unknown expand'),
  step('GET', '/connectors?expand=nothing&expand=info', 'unknown expand and a known one'),
  step('GET', '/connectors?expand=', 'empty expand'),
  step('GET', '/connectors', 'a client that reads XML only', { headers: { accept: 'application/xml' } }),
  step('GET', '/connectors', 'a browser', { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } }),
  step('GET', '/connectors/shop', '', { until: hasTaskIn }),
  step('HEAD', '/connectors/shop'),
  step('GET', '/connectors/shop/', 'trailing slash'),
  step('GET', '/connectors/shop/nothing', 'a path that there is not'),
  step('GET', '/connectors/shop/config', '', { show: 'map' }),
  step('GET', '/connectors/shop/tasks', '', { until: hasTask }),
  step('GET', '/connectors/shop/tasks-config'),
  step('GET', '/connectors/shop/tasks/0/status'),
  step('GET', '/connectors/shop/tasks/7/status', 'unknown task'),
  step('GET', '/connectors/shop/tasks/x/status', 'no number'),
  step('GET', '/connectors/shop/tasks/-1/status', 'a negative number'),
  step('GET', '/connectors/shop/topics', '', { until: hasTopics }),
  step('GET', '/connectors/shop/offsets', 'while running', { until: hasOffsets }),
]

const configuring: readonly Step[] = [
  step('PUT', '/connectors/shop/config', 'of what is there', { body: config }),
  step('PUT', '/connectors/shop/config', 'a number and a null', {
    body: (peer: PeerNames) => ({ ...peer.config, 'tasks.max': 1, 'header.converter': null }),
  }),
  step('PUT', '/connectors/second/config', 'of what is not', { body: config }),
  step('DELETE', '/connectors/second'),
  step('PATCH', '/connectors/shop/config', 'a property', { body: { 'tasks.max': '1' } }),
  step('PATCH', '/connectors/shop/config', 'null removes', { body: { 'header.converter': null } }),
  step('PATCH', '/connectors/shop/config', 'null of what is not there', { body: { 'no.such': null } }),
  step('PATCH', '/connectors/shop/config', 'no properties', { body: {} }),
  step('PATCH', '/connectors/shop/config', 'null alone', { body: 'null' }),
  step('PATCH', '/connectors/shop/config', 'no body'),
  step('PATCH', '/connectors/shop/config', 'nested', { body: { a: { b: 1 } } }),
  step('PATCH', '/connectors/shop/config', 'malformed JSON', { body: '{' }),
  step('PATCH', '/connectors/shop/config', 'another name', { body: { name: 'other' } }),
  step('PATCH', '/connectors/shop/config', 'unknown plugin', { body: { 'connector.class': 'Nothing' } }),
  step('DELETE', '/connectors/shop/config', 'unknown method'),
  step('OPTIONS', '/connectors/shop/config'),
]

const controlling: readonly Step[] = [
  step('GET', '/connectors/shop/status', 'after the changes', { until: isState('RUNNING') }),
  step('PUT', '/connectors/shop/pause'),
  step('GET', '/connectors/shop/status', 'paused', { until: isState('PAUSED') }),
  step('PUT', '/connectors/shop/pause', 'again'),
  step('PUT', '/connectors/shop/resume'),
  step('GET', '/connectors/shop/status', 'resumed', { until: isState('RUNNING') }),
  step('PUT', '/connectors/shop/resume', 'again'),
  step('PUT', '/connectors/shop/resume', 'with a body', { body: {} }),
  step('POST', '/connectors/shop/restart'),
  step('GET', '/connectors/shop/status', 'restarted', { until: isState('RUNNING') }),
  step('POST', '/connectors/shop/restart?includeTasks=perhaps'),
  step('POST', '/connectors/shop/restart?onlyFailed=true'),
  step('POST', '/connectors/shop/restart?includeTasks=true'),
  step('GET', '/connectors/shop/status', 'restarted with its tasks', { until: isState('RUNNING') }),
  step('POST', '/connectors/shop/tasks/0/restart'),
  step('POST', '/connectors/shop/tasks/7/restart', 'unknown task'),
  step('POST', '/connectors/shop/tasks/x/restart', 'no number'),
  step('GET', '/connectors/shop/pause', 'unknown method'),
  step('POST', '/connectors/shop/pause', 'unknown method'),
  step('PUT', '/connectors/shop/restart', 'unknown method'),
  step('PUT', '/connectors/shop/topics/reset'),
  step('GET', '/connectors/shop/status', 'before its offsets', { until: isState('RUNNING') }),
  step('PATCH', '/connectors/shop/offsets', 'while running', {
    body: ({ partition, offset }: PeerNames) => ({ offsets: [{ partition, offset }] }),
  }),
  step('DELETE', '/connectors/shop/offsets', 'while running'),
  step('PUT', '/connectors/shop/stop'),
  step('GET', '/connectors/shop/status', 'stopped', { until: isState('STOPPED', 0) }),
  step('GET', '/connectors/shop', 'stopped'),
  step('GET', '/connectors/shop/tasks', 'stopped'),
  step('GET', '/connectors/shop/tasks/0/status', 'stopped'),
  step('PUT', '/connectors/shop/stop', 'again'),
  step('POST', '/connectors/shop/restart', 'stopped'),
]

const offsets: readonly Step[] = [
  step('GET', '/connectors/shop/offsets', 'stopped'),
  step('PATCH', '/connectors/shop/offsets', 'malformed JSON', { body: '{' }),
  step('PATCH', '/connectors/shop/offsets', 'no body'),
  step('PATCH', '/connectors/shop/offsets', 'a list', { body: [] }),
  step('PATCH', '/connectors/shop/offsets', 'no offsets', { body: {} }),
  step('PATCH', '/connectors/shop/offsets', 'offsets are null', { body: { offsets: null } }),
  step('PATCH', '/connectors/shop/offsets', 'an empty list', { body: { offsets: [] } }),
  step('PATCH', '/connectors/shop/offsets', 'offsets are a text', { body: { offsets: 'x' } }),
  step('PATCH', '/connectors/shop/offsets', 'a text in the list', { body: { offsets: ['x'] } }),
  step('PATCH', '/connectors/shop/offsets', 'no partition', {
    body: ({ offset }: PeerNames) => ({ offsets: [{ offset }] }),
  }),
  step('PATCH', '/connectors/shop/offsets', 'a partition that is a text', {
    body: ({ offset }: PeerNames) => ({ offsets: [{ partition: 'x', offset }] }),
  }),
  step('PATCH', '/connectors/shop/offsets', 'unknown member', {
    body: ({ partition, offset }: PeerNames) => ({ offsets: [{ partition, offset }], more: 1 }),
  }),
  step('PATCH', '/connectors/shop/offsets', 'an offset that is a text', {
    body: ({ partition }: PeerNames) => ({ offsets: [{ partition, offset: 'x' }] }),
  }),
  step('PATCH', '/connectors/shop/offsets', 'right', {
    body: ({ partition, offset }: PeerNames) => ({ offsets: [{ partition, offset }] }),
  }),
  step('GET', '/connectors/shop/offsets', 'altered', { until: hasOffsets }),
  step('PATCH', '/connectors/shop/offsets', 'null resets one', {
    body: ({ partition }: PeerNames) => ({ offsets: [{ partition, offset: null }] }),
  }),
  // A real Connect shows what is left of it, or not, as chance has it: it is not asked.
  step('DELETE', '/connectors/shop/offsets', 'stopped'),
  step('DELETE', '/connectors/shop/offsets', 'again'),
  step('GET', '/connectors/shop/offsets', 'reset'),
  step('PUT', '/connectors/shop/offsets', 'unknown method', { body: {} }),
]

const unknownConnector: readonly Step[] = [
  ...['', '/config', '/status', '/tasks', '/tasks/0/status', '/topics', '/offsets'].map((end) =>
    step('GET', `/connectors/none${end}`, 'unknown connector'),
  ),
  step('PATCH', '/connectors/none/config', 'unknown connector', { body: { a: 'b' } }),
  ...['pause', 'resume', 'stop', 'topics/reset'].map((end) =>
    step('PUT', `/connectors/none/${end}`, 'unknown connector'),
  ),
  ...['restart', 'restart?includeTasks=true', 'tasks/0/restart'].map((end) =>
    step('POST', `/connectors/none/${end}`, 'unknown connector'),
  ),
  step('PATCH', '/connectors/none/offsets', 'unknown connector', {
    body: ({ partition, offset }: PeerNames) => ({ offsets: [{ partition, offset }] }),
  }),
  step('DELETE', '/connectors/none/offsets', 'unknown connector'),
  step('DELETE', '/connectors/none', 'unknown connector'),
]

const one = '/admin/loggers/{logger}'

const loggers: readonly Step[] = [
  step('GET', '/admin/loggers', '', { show: 'map' }),
  step('GET', '/admin/loggers/root'),
  step('GET', '/admin/loggers/no.such.logger', 'unknown logger'),
  step('PUT', one, 'a level', { body: { level: 'ERROR' } }),
  step('PUT', one, 'small letters', { body: { level: 'warn' } }),
  step('GET', one, 'set'),
  step('PUT', `${one}?scope=cluster`, '', { body: { level: 'WARN' } }),
  step('PUT', `${one}?scope=worker`, '', { body: { level: 'WARN' } }),
  step('PUT', `${one}?scope=perhaps`, 'unknown scope', { body: { level: 'WARN' } }),
  step('PUT', one, 'missing level', { body: {} }),
  step('PUT', one, 'no body'),
  step('PUT', one, 'level is null', { body: { level: null } }),
  step('PUT', one, 'level is nested', { body: { level: {} } }),
  step('PUT', one, 'unknown level', { body: { level: 'LOUD' } }),
  step('PUT', one, 'malformed JSON', { body: '{' }),
  step('DELETE', one, 'unknown method'),
  step('PUT', '/admin/loggers/no.such.logger', 'a logger that there is not', { body: { level: 'WARN' } }),
]

const methods: readonly Step[] = [
  step('PUT', '/connectors', 'unknown method', { body: {} }),
  step('DELETE', '/connectors', 'unknown method'),
  step('POST', '/connectors/shop', 'unknown method', { body: {} }),
  step('PATCH', '/connectors/shop', 'unknown method', { body: {} }),
  step('OPTIONS', '/connectors'),
  step('OPTIONS', '/connectors/shop/pause'),
  step('OPTIONS', '/nothing', 'a path that there is not'),
]

const ending: readonly Step[] = [
  step('DELETE', '/connectors/shop'),
  step('DELETE', '/connectors/shop', 'again'),
  step('GET', '/connectors/shop', 'deleted'),
  step('POST', '/connectors', 'stopped at first', {
    body: (peer: PeerNames) => ({ name: 'asleep', config: peer.config, initial_state: 'STOPPED' }),
  }),
  step('GET', '/connectors/asleep/status', '', { until: isState('STOPPED', 0) }),
  step('PUT', '/connectors/asleep/resume'),
  step('GET', '/connectors/asleep/status', 'resumed', { until: isState('RUNNING') }),
  step('DELETE', '/connectors/asleep'),
  step('POST', '/connectors', 'paused at first, in small letters', {
    body: (peer: PeerNames) => ({ name: 'asleep', config: peer.config, initial_state: 'paused' }),
  }),
  step('GET', '/connectors/asleep/status', 'paused at first', { until: isPaused }),
  step('DELETE', '/connectors/asleep', 'paused'),
  // Connect makes it, and nobody can ask for it again: therefore the last.
  step('POST', '/connectors', 'name is ../x', { body: named('../x') }),
]

/** Every route, and what is wrong with a request to it, in an order in which each step finds what it needs. Leaves nothing that can be asked for. */
export const conversation: readonly Step[] = [
  ...server,
  ...plugins,
  ...refusedCreations,
  ...names,
  ...reading,
  ...configuring,
  ...controlling,
  ...offsets,
  ...unknownConnector,
  ...loggers,
  ...methods,
  ...ending,
]
