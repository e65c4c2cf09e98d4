import { isNamePattern } from '../change/name-pattern.ts'
import { changeProblems } from './change-config.ts'
import { parseListenAddress } from './listen-address.ts'
import { isLoopbackHost } from './network-address.ts'
import { wrongLadder } from './oversize-strategies.ts'
import type { Problem } from './problem.ts'
import type { PropertyName, PropertyValues } from './properties.ts'
import { recordSchemaProblems } from './read-record-schemas.ts'
import { sourceProblems } from './source-problems.ts'

type WhereOf = (name: PropertyName) => string | undefined

/** Problems of properties that are right each on its own. `whereOf` tells where the file gives a property. */
export function findContradictions(values: PropertyValues, whereOf: WhereOf): readonly Problem[] {
  return [
    ...sourceProblems(values, whereOf),
    ...topicProblems(values, whereOf),
    ...exportProblems(values, whereOf),
    ...signalProblems(values, whereOf),
    ...formatProblems(values, whereOf),
    ...oversizeProblems(values, whereOf),
    ...recordSchemaProblems(values, whereOf),
    ...changeProblems(values, whereOf),
    ...listenProblems(values, whereOf),
  ]
}

function topicProblems(values: PropertyValues, whereOf: WhereOf): readonly Problem[] {
  const [table, ...others] = values['source.tables']
  if (values['source.type'] === 'kinesis' && values['source.kinesis.records'] === 'raw') return []
  const isOneTable = table !== undefined && others.length === 0 && !isNamePattern(table)
  if (values['topic.shared'] || isOneTable || values['topic.name'].includes('{table}')) return []
  const text =
    'topic.name has no {table}, so all tables would meet in one topic; set topic.shared: true if this is wanted'
  return [{ where: whereOf('topic.name'), text }]
}

function exportProblems(values: PropertyValues, whereOf: WhereOf): readonly Problem[] {
  const source = values['snapshot.source']
  if (source !== 'scan') {
    if (values['snapshot.export.bucket'] !== undefined) return []
    return [{ where: whereOf('snapshot.source'), text: `snapshot.source: ${source} needs snapshot.export.bucket` }]
  }
  const where = whereOf('snapshot.export.bucket')
  if (where === undefined) return []
  return [{ where, text: 'snapshot.export.bucket is set without snapshot.source: export' }]
}

/** Each of these topics holds one kind of record, and whoever reads it stumbles over others. */
function signalProblems(values: PropertyValues, whereOf: WhereOf): readonly Problem[] {
  const names = [
    'ledger.topic',
    'signal.kafka.topic',
    'notification.sink.topic.name',
    'errors.deadletterqueue.topic.name',
  ] as const
  return names.flatMap((name, index) => {
    const same = names.slice(0, index).find((other) => values[name] !== undefined && values[other] === values[name])
    return same === undefined ? [] : [{ where: whereOf(name), text: `${name} and ${same} are one topic` }]
  })
}

function formatProblems(values: PropertyValues, whereOf: WhereOf): readonly Problem[] {
  const envelope = values['format.envelope']
  const problems: Problem[] = []
  const flatOnly = [
    'format.delete.tombstone.handling.mode',
    'format.add.fields',
    'format.add.fields.prefix',
    'format.add.headers',
    'format.add.headers.prefix',
  ] as const
  for (const name of flatOnly) {
    const where = whereOf(name)
    if (envelope !== 'flat' && where !== undefined)
      problems.push({ where, text: `${name} is set without format.envelope: flat` })
  }
  if (envelope === 'dynamodb-json' && values['format.extras'].length > 0 && values['format.extras.in'] === 'source')
    problems.push({
      where: whereOf('format.extras'),
      text: 'format.envelope: dynamodb-json has no `source`; set format.extras.in: headers',
    })
  if (values['format.schemas.enable'] && values['format.binary.mode'] !== 'base64')
    problems.push({
      where: whereOf('format.binary.mode'),
      text: "format.binary.mode has no effect with format.schemas.enable: binaries are Connect's bytes there",
    })
  return problems
}

function oversizeProblems(values: PropertyValues, whereOf: WhereOf): readonly Problem[] {
  const strategies = values['oversize.strategy']
  const where = whereOf('oversize.strategy')
  const problems: Problem[] = []
  const wrong = wrongLadder(strategies)
  if (wrong !== undefined) problems.push({ where, text: `oversize.strategy ${wrong}` })
  const policy = values['topic.cleanup.policy']
  if (strategies.includes('chunk') && policy.includes('compact')) {
    const text = `oversize.strategy: chunk cannot go with topic.cleanup.policy: ${policy}, which would keep the last part of a value alone`
    problems.push({ where, text })
  }
  const bucket = whereOf('oversize.claim.check.bucket')
  const hasChecks = strategies.includes('claim-check-s3')
  if (hasChecks && values['oversize.claim.check.bucket'] === undefined)
    problems.push({ where, text: 'oversize.strategy: claim-check-s3 needs oversize.claim.check.bucket' })
  if (!hasChecks && bucket !== undefined) {
    const text = 'oversize.claim.check.bucket is set without oversize.strategy: claim-check-s3'
    problems.push({ where: bucket, text })
  }
  return problems
}

function listenProblems(values: PropertyValues, whereOf: WhereOf): readonly Problem[] {
  const address = parseListenAddress(values['http.listen'])
  if (address === undefined || values['http.allow.remote'] || isLoopbackHost(address.host)) return []
  const text =
    'http.listen can be reached by other machines, and its pages ask nobody for a password; set http.allow.remote: true if this is wanted'
  return [{ where: whereOf('http.listen'), text }]
}
