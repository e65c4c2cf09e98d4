import { accountProblems, regionsOf } from './account-problems.ts'
import { regionOfStream } from './kinesis-stream-name.ts'
import type { Problem } from './problem.ts'
import { propertyList } from './properties.ts'
import type { PropertyName, PropertyValues } from './properties.ts'
import { changeProperties } from './properties/change-properties.ts'
import { formatProperties } from './properties/format-properties.ts'
import { kinesisProperties } from './properties/kinesis-properties.ts'
import { recordSchemaProperties } from './properties/record-schema-properties.ts'
import { registryProperties } from './properties/registry-properties.ts'
import { snapshotProperties } from './properties/snapshot-properties.ts'
import { transformProperties } from './properties/transform-properties.ts'
import { parseAccount } from './account-entry.ts'
import { parsePositionWord, shardPosition } from './start-position.ts'

type WhereOf = (name: PropertyName) => string | undefined

/** Problems of a source whose properties are right each on its own. `whereOf` tells where the file gives a property. */
export function sourceProblems(values: PropertyValues, whereOf: WhereOf): readonly Problem[] {
  const isKinesis = values['source.type'] === 'kinesis'
  return [
    ...regionProblems(values, whereOf),
    ...credentialProblems(values, whereOf),
    ...accountProblems(values, whereOf),
    ...startProblems(values, whereOf),
    ...(isKinesis
      ? [...kinesisProblems(values, whereOf), ...rawProblems(values, whereOf)]
      : given(Object.keys(kinesisProperties), whereOf, () => 'is set without source.type: kinesis')),
  ]
}

/** One problem for each of the properties that the file gives. */
function given(names: Iterable<string>, whereOf: WhereOf, words: (name: string) => string): readonly Problem[] {
  return [...names].filter(isName).flatMap((name) => {
    const where = whereOf(name)
    return where === undefined ? [] : [{ where, text: `${name} ${words(name)}` }]
  })
}

function isName(name: string): name is PropertyName {
  return propertyList.has(name)
}

function regionProblems(values: PropertyValues, whereOf: WhereOf): readonly Problem[] {
  const region = values['source.region']
  if (region === undefined) {
    return [
      { name: 'source.region', code: 'AWS_REGION', text: 'source.region is missing (AWS_REGION is not set either)' },
    ]
  }
  const problems: Problem[] = []
  const regions = regionsOf(values['source.accounts'], region)
  if (values['source.tables'].some((table) => table.startsWith('arn:') && !regions.has(table.split(':')[3] ?? ''))) {
    const text =
      'source.tables names a table of another region than source.region, and no entry of source.accounts has it'
    problems.push({ code: 'AWS_REGION', where: whereOf('source.tables'), text })
  }
  const ofStream = regionOfStream(values['source.kinesis.stream'] ?? '') ?? region
  if (ofStream !== region) {
    const text = 'source.kinesis.stream names a stream of another region than source.region'
    problems.push({ code: 'AWS_REGION', where: whereOf('source.kinesis.stream'), text })
  }
  return problems
}

function credentialProblems(values: PropertyValues, whereOf: WhereOf): readonly Problem[] {
  const problems: Problem[] = []
  const [id, secret, token] = ['source.access.key.id', 'source.secret.access.key', 'source.session.token'] as const
  const pairs = [
    [id, secret],
    [secret, id],
    [token, id],
  ] as const
  for (const [one, other] of pairs) {
    if (values[one] !== undefined && values[other] === undefined)
      problems.push({ name: other, where: whereOf(one), text: `${one} is set without ${other}` })
  }
  if (values['source.role.arn'] !== undefined) return problems
  const hasRoles = values['source.accounts'].some((text) => parseAccount(text)?.roleArn !== undefined)
  const names = ['source.role.external.id', ...(hasRoles ? [] : ['source.role.session.name'])]
  return [...problems, ...given(names, whereOf, () => 'is set without source.role.arn')]
}

function startProblems(values: PropertyValues, whereOf: WhereOf): readonly Problem[] {
  const start = values['source.start']
  const isBySequenceNumber = parsePositionWord(start) !== undefined
  const positions = values['source.kinesis.start.positions']
  const where = whereOf('source.kinesis.start.positions')
  if (!isBySequenceNumber) {
    if (where === undefined) return []
    return [{ where, text: 'source.kinesis.start.positions is set without source.start: AT_SEQUENCE_NUMBER' }]
  }
  if (values['source.type'] !== 'kinesis')
    return [{ where: whereOf('source.start'), text: `source.start: ${start} needs source.type: kinesis` }]
  if (positions.length === 0)
    return [{ where: whereOf('source.start'), text: `source.start: ${start} needs source.kinesis.start.positions` }]
  const shards = positions.map((text) => shardPosition.exec(text)?.[1])
  if (new Set(shards).size === shards.length) return []
  return [{ where, text: 'source.kinesis.start.positions names a shard twice' }]
}

/** What belongs to tables that are read by themselves. */
const withoutKinesis: ReadonlyMap<string, string> = new Map([
  ['source.streams.endpoint', 'is of DynamoDB Streams; with source.type: kinesis set source.kinesis.endpoint'],
  ['source.accounts', 'has no effect with source.type: kinesis, which is one stream'],
  ['source.tables.tags', 'has no effect with source.type: kinesis, whose records do not tell the tags of their tables'],
  ['source.tagging.endpoint', 'has no effect with source.type: kinesis'],
  ['source.allow.keys.only', 'has no effect with source.type: kinesis, whose records hold both images'],
  ['source.allow.old.image', 'has no effect with source.type: kinesis, whose records hold both images'],
  ['reselect', 'has no effect with source.type: kinesis, whose records hold both images'],
])

function kinesisProblems(values: PropertyValues, whereOf: WhereOf): readonly Problem[] {
  const problems: Problem[] = []
  const mode = values['snapshot.mode']
  if (values['source.kinesis.stream'] === undefined)
    problems.push({ name: 'source.kinesis.stream', text: 'source.kinesis.stream is missing: source.type is kinesis' })
  if (values['source.tables'].some((table) => table.startsWith('arn:'))) {
    const text = 'source.tables must be names or patterns with source.type: kinesis, whose records hold no ARNs'
    problems.push({ where: whereOf('source.tables'), text })
  }
  if (mode !== 'never') {
    const text = `snapshot.mode: ${mode} cannot go with source.type: kinesis: a stream has no snapshot; leave it out`
    problems.push({ where: whereOf('snapshot.mode'), text })
  }
  const others = Object.keys(snapshotProperties).filter((name) => name !== 'snapshot.mode')
  problems.push(...given(others, whereOf, () => 'has no effect with source.type: kinesis: a stream has no snapshot'))
  problems.push(...given(withoutKinesis.keys(), whereOf, (name) => withoutKinesis.get(name) ?? ''))
  const tables = values['source.kinesis.keys'].map((text) => text.slice(0, text.indexOf(':')))
  if (new Set(tables).size < tables.length)
    problems.push({ where: whereOf('source.kinesis.keys'), text: 'source.kinesis.keys names a table twice' })
  return [...problems, ...foreignProblems(values, whereOf), ...repairProblems(values, whereOf)]
}

function foreignProblems(values: PropertyValues, whereOf: WhereOf): readonly Problem[] {
  const where = whereOf('source.kinesis.foreign.topic')
  if (values['source.kinesis.foreign'] !== 'pass') {
    if (where === undefined) return []
    return [{ where, text: 'source.kinesis.foreign.topic is set without source.kinesis.foreign: pass' }]
  }
  const topic = values['source.kinesis.foreign.topic']
  if (topic === undefined) {
    const text = 'source.kinesis.foreign: pass needs source.kinesis.foreign.topic'
    return [{ where: whereOf('source.kinesis.foreign'), text }]
  }
  const others = ['ledger.topic', 'signal.kafka.topic', 'notification.sink.topic.name'] as const
  const same = [...others, 'errors.deadletterqueue.topic.name' as const].find((name) => values[name] === topic)
  return same === undefined ? [] : [{ where, text: `source.kinesis.foreign.topic and ${same} are one topic` }]
}

function repairProblems(values: PropertyValues, whereOf: WhereOf): readonly Problem[] {
  const problems: Problem[] = []
  if (values['source.kinesis.repair'] === 'off') {
    const names = Object.keys(kinesisProperties).filter((name) => name.startsWith('source.kinesis.repair.'))
    problems.push(
      ...given([...names, 'source.kinesis.late'], whereOf, () => 'has no effect with source.kinesis.repair: off'),
    )
  }
  if (values['source.kinesis.repair.delay.ms'] > values['source.kinesis.repair.window.ms']) {
    const text = 'source.kinesis.repair.delay.ms is greater than source.kinesis.repair.window.ms'
    problems.push({ where: whereOf('source.kinesis.repair.delay.ms'), text })
  }
  const consumer = whereOf('source.kinesis.consumer.name')
  if (consumer !== undefined && !values['source.kinesis.fan.out'])
    problems.push({ where: consumer, text: 'source.kinesis.consumer.name is set without source.kinesis.fan.out: true' })
  return problems
}

/** What is about changes of tables, and so about no raw record. */
const aboutChanges: readonly string[] = [
  'source.tables',
  'source.endpoint',
  ...Object.keys(kinesisProperties).filter((name) => /^source\.kinesis\.(foreign|repair|late|keys)/.test(name)),
  ...[changeProperties, transformProperties, formatProperties, recordSchemaProperties, registryProperties].flatMap(
    (group) => Object.keys(group),
  ),
]

function rawProblems(values: PropertyValues, whereOf: WhereOf): readonly Problem[] {
  if (values['source.kinesis.records'] !== 'raw') return []
  return given(
    aboutChanges,
    whereOf,
    () => 'has no effect with source.kinesis.records: raw, which writes records byte for byte',
  )
}
