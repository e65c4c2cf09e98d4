import { isTopicTemplate } from '../topic-name.ts'
import { readConverters } from './converters.ts'
import { becomes, read, refusal, unused } from './translator.ts'
import type { ConnectInput, ConnectRules, ConnectTranslator } from './translator.ts'

const noLeaseTables = 'positions are kept in `ledger.topic`; the tables of the KCL can go'
const toTask = 'is what the connector gives to a task, and not the user'
/** What is unknown of tables where a tag is wrong. */
const foundBy = ['source.tables.tags', 'source.tables']
const whitelist = 'dynamodb.table.whitelist'

const rules: ConnectRules = {
  envelope: becomes(
    'format.envelope',
    "no property of the connector; `trustpilot` is its record, without it there is tailrace's own",
  ),
  'aws.region': read(['source.region'], '`source.region`; in such a file the default is `eu-west-1`'),
  'aws.access.key.id': becomes('source.access.key.id'),
  'aws.secret.key': becomes('source.secret.access.key'),
  'aws.assume.role.arn': becomes('source.role.arn', 'of a fork'),
  'dynamodb.table.ingestion.tag.key': read(
    foundBy,
    '`source.tables.tags`; in such a file the default is `datalake-ingest`',
  ),
  'dynamodb.table.env.tag.key': read(foundBy, 'the same; `environment`'),
  'dynamodb.table.env.tag.value': read(foundBy, 'the same; `dev`'),
  [whitelist]: read(['source.tables'], '`source.tables`, instead of tags'),
  'dynamodb.service.endpoint': becomes('source.endpoint'),
  'resource.tagging.service.endpoint': becomes('source.tagging.endpoint'),
  'kcl.table.billing.mode': unused(noLeaseTables),
  'kcl.': unused(noLeaseTables),
  'kafka.topic.prefix': read(
    ['topic.name'],
    '`topic.name`, with `{table}` behind it; in such a file the default is `dynamodb-`, and an empty text is no prefix',
  ),
  'init.sync.delay.period': read([], 'seconds; without effect, noted: a snapshot waits for nothing'),
  'init.sync.skip': read(['snapshot.mode', 'source.start'], 'of a fork; `true`: no snapshot, and new changes only'),
  'init.sync.disable': read(['snapshot.mode'], 'of a fork; `true`: no snapshot'),
  'connect.dynamodb.rediscovery.period': becomes('source.tables.rediscovery.ms'),
  table: refusal(toTask),
  'task.id': refusal(toTask),
}

/** Trustpilot's kafka-connect-dynamodb, and forks of it. */
export const trustpilotConnector: ConnectTranslator = {
  title: "Trustpilot's kafka-connect-dynamodb",
  classes: ['com.trustpilot.connector.dynamodb.DynamoDBSourceConnector', 'DynamoDBSourceConnector'],
  rules,
  finish: (connector) => {
    if (!connector.isGiven('aws.region')) connector.set('source.region', 'eu-west-1')
    else {
      const region = connector.text('aws.region')
      if (region !== undefined) connector.set('source.region', region, 'aws.region')
    }
    readTables(connector)
    readTopic(connector)
    readSync(connector)
    readConverters(connector)
  },
}

const tagNames = [
  'dynamodb.table.ingestion.tag.key',
  'dynamodb.table.env.tag.key',
  'dynamodb.table.env.tag.value',
] as const

/** A list of names replaces the tags, as with the connector; so do our own words about tables. */
function readTables(connector: ConnectInput): void {
  const names = connector.text(whitelist)
  if (names !== undefined) connector.set('source.tables', names, whitelist)
  const instead = [whitelist, 'source.tables', 'source.tables.tags'].find((name) => connector.isGiven(name))
  if (instead !== undefined) {
    const given = tagNames.filter((name) => connector.isGiven(name))
    if (given.length > 0) connector.note(`without effect, since ${instead} is set: ${given.join(', ')}`)
    return
  }
  const [ingestion, key, value] = tagNames.map((name, index) => connector.text(name) ?? tagDefaults[index] ?? '')
  for (const name of tagNames) {
    const isWrong = name.endsWith('.value') ? /[,|]/ : /[,|=]/
    if (isWrong.test(connector.text(name) ?? '')) {
      connector.problem(name, 'must hold no sign that source.tables.tags has a use for')
      return
    }
  }
  if (!tagNames.some((name) => connector.isGiven(name) && connector.text(name) === undefined))
    connector.set('source.tables.tags', `${ingestion === key ? '' : `${ingestion},`}${key}=${value}`)
}

const tagDefaults = ['datalake-ingest', 'environment', 'dev'] as const

function readTopic(connector: ConnectInput): void {
  const name = 'kafka.topic.prefix'
  const prefix = connector.text(name)
  if (prefix === undefined) {
    // Connect keeps an empty text: it says that there is no prefix, and not that the default holds.
    if (connector.isEmpty(name)) connector.set('topic.name', '{table}', name)
    else if (!connector.isGiven(name)) connector.set('topic.name', 'dynamodb-{table}')
  } else if (/[{}]/.test(prefix) || !isTopicTemplate(`${prefix}{table}`))
    connector.problem(name, 'must be the beginning of a topic name: letters, digits, dots, dashes, underscores')
  else connector.set('topic.name', `${prefix}{table}`, name)
}

/** The connector syncs a table when it meets it, and again when changes may have been lost. */
function readSync(connector: ConnectInput): void {
  const delay = 'init.sync.delay.period'
  const seconds = connector.text(delay)
  if (seconds !== undefined && !/^\d{1,10}$/.test(seconds)) connector.problem(delay, 'must be a number of seconds')
  else if (seconds !== undefined) connector.note(`without effect, since a snapshot waits for nothing: ${delay}`)
  const [skip, disable] = ['init.sync.skip', 'init.sync.disable'].map((name) => flag(connector, name))
  const from = skip === true ? 'init.sync.skip' : disable === true ? 'init.sync.disable' : undefined
  connector.set('snapshot.mode', from === undefined ? 'when_needed' : 'never', from)
  if (skip === true) connector.set('source.start', 'LATEST', from)
}

function flag(connector: ConnectInput, name: string): boolean | undefined {
  const text = connector.text(name)?.toLowerCase()
  if (text === undefined || text === 'true' || text === 'false') return text === 'true'
  connector.problem(name, 'must be `true` or `false`')
  return undefined
}
