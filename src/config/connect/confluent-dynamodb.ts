import { confluentRules, readConfluent } from './confluent-rules.ts'
import { readConverters } from './converters.ts'
import { readItemForm } from './confluent-item-form.ts'
import { readJavaTime } from './java-time.ts'
import { tagsOfFilters } from './tag-filters.ts'
import { becomes, read, unused } from './translator.ts'
import type { ConnectInput, ConnectRules, ConnectTranslator } from './translator.ts'

const noLeaseTables = 'positions are kept in `ledger.topic`; the tables of the KCL can go'
const byItself = 'pages are as large as DynamoDB makes them, and are written as they come'
const endpoint = 'dynamodb.service.endpoint'
const mode = 'dynamodb.table.sync.mode'
const discovery = 'dynamodb.table.discovery.mode'
const includelist = 'dynamodb.table.includelist'
const filters = 'dynamodb.table.tag.filters'
const position = 'dynamodb.cdc.initial.stream.position'
const timestamp = 'cdc.start.position.timestamp'

const rules: ConnectRules = {
  ...confluentRules,
  'aws.access.key.id': becomes('source.access.key.id'),
  'aws.secret.access.key': becomes('source.secret.access.key'),
  [endpoint]: read(
    ['source.region', 'source.endpoint'],
    '`source.region`; `source.endpoint`, if it is not that of AWS',
  ),
  [mode]: read(
    ['snapshot.mode'],
    '`snapshot.mode`: `SNAPSHOT_CDC` is `initial`, `SNAPSHOT` is `only`, `CDC` is `never`',
  ),
  [discovery]: read(['source.tables', 'source.tables.tags'], 'which of the next two counts; `INCLUDELIST`'),
  [includelist]: read(['source.tables'], '`source.tables`'),
  [filters]: read(['source.tables.tags', 'source.tables'], '`source.tables.tags`'),
  'aws.resource.tagging.endpoint': becomes('source.tagging.endpoint'),
  'output.data.format': read(['format.value'], '`format.value`; in such a file the default is `AVRO`'),
  'output.data.key.format': read(['format.key'], '`format.key`; in such a file the default is `AVRO`'),
  'document.content.format': read(
    ['format.item', 'format.json.item'],
    '`format.item`: `json_string` is `json-string` of DynamoDB JSON; `schema` is `declared`, with `format.schemas` set beside',
  ),
  'document.schema.source': read([], '`user_provided`; `auto_infer` is refused: a schema is declared'),
  'document.schema.value': read([], 'without effect, noted: the schema of each table is a file in `format.schemas`'),
  'document.schema.validation': read(
    ['format.schema.evolution'],
    '`format.schema.evolution` with `document.content.format: schema`; with `lenient` what does not fit is kept in the field for the rest, and not dropped',
  ),
  'decimal.handling.mode': read(
    ['format.number.mode'],
    '`format.number.mode` with `document.content.format: schema`: `double` **rounds** and is taken only where the file says it; `string` is `string`; `long` and `auto` are `exact`',
  ),
  [position]: read(['source.start'], '`source.start`, with `dynamodb.table.sync.mode: CDC`'),
  [timestamp]: read(['source.start'], '`source.start`, with `AT_TIMESTAMP`'),
  [`${timestamp}.format`]: read(['source.start'], "how that is written, as Java's DateTimeFormatter has it"),
  'dynamodb.snapshot.max.rcu.percentage': read(['snapshot.read.capacity'], '`snapshot.read.capacity`, with a `%`'),
  'max.batch.size': unused(byItself),
  'poll.linger.ms': unused(byItself),
  'dynamodb.snapshot.max.poll.records': unused(byItself),
  'dynamodb.cdc.max.poll.records': unused(byItself),
  'dynamodb.cdc.checkpointing.table.': unused(noLeaseTables),
  'dynamodb.cdc.table.billing.mode': unused(noLeaseTables),
}

/** Confluent's managed connector for changes of DynamoDB tables. */
export const confluentDynamoDb: ConnectTranslator = {
  title: "Confluent Cloud's Amazon DynamoDB CDC Source",
  classes: ['DynamoDbCdcSource'],
  rules,
  finish: (connector) => {
    connector.set('topic.name', '{table}')
    readEndpoint(connector)
    readTables(connector)
    readSync(connector)
    readShare(connector)
    readConfluent(connector)
    readItemForm(connector)
    readConverters(connector)
    // Behind what the file says of converters. Where the pipeline's own words say how values are written, keys follow them.
    if (!connector.isGiven('format.value') && !connector.isGiven('format.key')) {
      if (!isSaid(connector, 'value', 'output.data.format')) connector.set('format.value', 'avro')
      if (!isSaid(connector, 'key', 'output.data.key.format')) connector.set('format.key', 'avro')
    }
  },
}

function isSaid({ isGiven }: ConnectInput, side: 'key' | 'value', managedName: string): boolean {
  return isGiven(`${side}.converter`) || isGiven(managedName)
}

/** Hosts of AWS that say their region: public ones, FIPS, dual stack, those of an account, and VPC endpoints. */
const awsHost =
  /(?:^|\.)(?:dynamodb|dynamodb-fips|ddb)\.([a-z]{2,}(?:-[a-z0-9]+)+)\.(?:vpce\.)?(?:amazonaws\.com(?:\.cn)?|api\.aws)$/

function readEndpoint(connector: ConnectInput): void {
  const text = connector.text(endpoint)
  if (text === undefined) return
  const url = URL.parse(/^https?:\/\//i.test(text) ? text : `https://${text}`)
  if (url === null) {
    connector.problem(endpoint, 'must be an http or https URL')
    return
  }
  const region = awsHost.exec(url.hostname)?.[1]
  if (region !== undefined && !connector.isGiven('source.region')) connector.set('source.region', region, endpoint)
  if (region === undefined || !url.hostname.startsWith(`dynamodb.${region}.amazonaws.com`))
    connector.set('source.endpoint', url.href.replace(/\/$/, ''), endpoint)
}

function readTables(connector: ConnectInput): void {
  const { text, isGiven, problem } = connector
  const found = text(discovery)?.toUpperCase() ?? (isGiven(discovery) ? undefined : 'INCLUDELIST')
  if (found === undefined) return
  if (found !== 'INCLUDELIST' && found !== 'TAG') {
    problem(discovery, 'must be INCLUDELIST or TAG')
    return
  }
  const [used, other] = found === 'TAG' ? [filters, includelist] : [includelist, filters]
  if (isGiven(other)) connector.note(`without effect, since ${discovery} is ${found}: ${other}`)
  const given = text(used)
  if (given === undefined) {
    const isElsewhere = isGiven(used) || isGiven('source.tables') || isGiven('source.tables.tags')
    if (!isElsewhere) problem(used, 'is missing')
  } else if (found === 'INCLUDELIST') connector.set('source.tables', given, used)
  else {
    const tags = tagsOfFilters(given)
    if (tags === undefined)
      problem(
        filters,
        'must be keys with their values, such as stage:dev,test;team:shop; where a colon is part of one, set source.tables.tags',
      )
    else connector.set('source.tables.tags', tags, used)
  }
}

const modes: ReadonlyMap<string, string> = new Map([
  ['SNAPSHOT_CDC', 'initial'],
  ['SNAPSHOT', 'only'],
  ['CDC', 'never'],
])

function readSync(connector: ConnectInput): void {
  const text = connector.text(mode)?.toUpperCase() ?? (connector.isGiven(mode) ? undefined : 'SNAPSHOT_CDC')
  const ours = modes.get(text ?? '')
  if (ours === undefined) {
    if (text !== undefined) connector.problem(mode, `must be one of ${[...modes.keys()].join(', ')}`)
    return
  }
  connector.set('snapshot.mode', ours, connector.isGiven(mode) ? mode : undefined)
  if (text === 'CDC') readPosition(connector)
  else {
    const others = [position, timestamp].filter((name) => connector.isGiven(name))
    if (others.length > 0) connector.note(`without effect, since ${mode} is not CDC: ${others.join(', ')}`)
  }
}

function readPosition(connector: ConnectInput): void {
  const text = connector.text(position)?.toUpperCase()
  if (text !== 'AT_TIMESTAMP') {
    if (connector.isGiven(timestamp))
      connector.note(`without effect, since ${position} is not AT_TIMESTAMP: ${timestamp}`)
    if (text === 'TRIM_HORIZON' || text === 'LATEST') connector.set('source.start', text, position)
    else if (text !== undefined) connector.problem(position, 'must be one of TRIM_HORIZON, LATEST, AT_TIMESTAMP')
    return
  }
  const time = connector.text(timestamp)
  if (time === undefined) {
    if (!connector.isGiven(timestamp)) connector.problem(position, `is AT_TIMESTAMP, and ${timestamp} is missing`)
    return
  }
  const given = connector.text(`${timestamp}.format`)
  const read = readJavaTime(time, given ?? "yyyy-MM-dd'T'HH:mm:ss'Z'")
  if ('atMs' in read) connector.set('source.start', new Date(read.atMs).toISOString(), timestamp)
  else if (read.wrong === 'text') connector.problem(timestamp, `must be a time as ${timestamp}.format has it`)
  else connector.problem(`${timestamp}.format`, 'must be a pattern of digits: years, months, days, times and offsets')
}

function readShare(connector: ConnectInput): void {
  const name = 'dynamodb.snapshot.max.rcu.percentage'
  const text = connector.text(name)
  if (text === undefined) return
  const share = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (share < 1 || share > 100) connector.problem(name, 'must be a whole number from 1 to 100')
  else connector.set('snapshot.read.capacity', `${share}%`, name)
}
