import type { Table } from '../../change/table.ts'
import { isLoopbackHost, parseHostPort } from '../../config/network-address.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { createClusterInspector } from '../../kafka/cluster-inspector.ts'
import type { ClusterInfo } from '../../kafka/kafka.ts'
import { createWireKafka } from '../../kafka/wire-kafka.ts'
import { transactionalIdOf } from '../../lanes/lane-session.ts'
import type { TableEntry } from '../../lanes/ledger-entry.ts'
import { counted } from '../counted.ts'
import { kafkaConnectionOf } from '../kafka-connection-of.ts'
import { checkDeadLetterTopic } from './dead-letter-checks.ts'
import { failed, passed, warning } from './finding.ts'
import type { Finding } from './finding.ts'
import { missingRights } from './kafka-access.ts'
import type { KafkaAccess } from './kafka-access.ts'
import { checkLedger } from './ledger-checks.ts'
import { ask } from './preflight-parts.ts'
import type { PreflightParts } from './preflight-parts.ts'
import { checkSentTopics } from './sent-topic-checks.ts'
import { checkSignalTopics } from './signal-checks.ts'
import { checkTopics } from './topic-checks.ts'

/** What was found at the cluster. */
export interface KafkaReport {
  readonly findings: readonly Finding[]
  /** Tables that the ledger knows: none before the first start. */
  readonly knownTables: readonly TableEntry[]
}

/** Asks the cluster everything that can be asked without writing, and reports each thing that would go wrong. */
export async function checkKafka(
  config: PipelineConfig,
  tables: readonly Table[],
  parts: PreflightParts & Pick<KafkaAccess, 'way'>,
): Promise<KafkaReport> {
  const { clock, rng, way } = parts
  const options = { connection: kafkaConnectionOf(config.kafka, clock), clock, rng }
  await using kafka = createWireKafka(options)
  await using inspector = createClusterInspector(options)
  const brokers = config.kafka.brokers.join(', ')
  let cluster: ClusterInfo
  try {
    cluster = await ask(parts, (signal) => kafka.cluster(signal))
  } catch (error) {
    // Nothing else can be asked.
    return { findings: [failed(`kafka ${brokers}`, error), ...exposure(config)], knownTables: [] }
  }
  const access: KafkaAccess = { config, kafka, inspector, cluster, parts, way }
  const ledger = await checkLedger(access)
  const findings = [
    passed(`kafka ${brokers}`, `cluster ${cluster.clusterId}`),
    ...exposure(config),
    ...(await checkTransactions(access)),
    // A function is in no group.
    ...(way === 'lambda' ? [] : await checkGroup(access)),
    ...ledger.findings,
    ...(await checkTopics(access, tables, ledger.tables)),
    ...(await checkSentTopics(access, ledger.topics)),
    ...(await checkSignalTopics(access)),
    ...(await checkDeadLetterTopic(access, tables)),
  ]
  return { findings: withoutRepetition(findings), knownTables: ledger.tables }
}

/** One missing right can be met by several checks; the first one that names it is enough. */
function withoutRepetition(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Set<string>()
  return findings.filter(({ status, code, detail }) => {
    const failure = `${code ?? ''} ${detail}`
    if (status !== 'failed' || !seen.has(failure)) {
      seen.add(failure)
      return true
    }
    return false
  })
}

async function checkTransactions({ config, kafka, cluster, parts }: KafkaAccess): Promise<readonly Finding[]> {
  if (config.delivery === 'at_least_once') {
    return [warning('delivery', 'at_least_once: after a crash records may be repeated')]
  }
  // The right to write under an id shows only in use, which would fence a running worker; the right to see it is part of it.
  const ids = Array.from({ length: config.lanes }, (_, lane) => transactionalIdOf(config.pipeline, lane))
  try {
    await ask(parts, (signal) => kafka.describeTransactions(ids, signal))
  } catch (error) {
    return [failed('transactional ids', error)]
  }
  const protocol = cluster.transactionVersion >= 2 ? 'V2' : 'V1 (the cluster has not finalized transaction.version 2)'
  return [passed('transactions', protocol)]
}

async function checkGroup({ config, inspector, parts }: KafkaAccess): Promise<readonly Finding[]> {
  const check = `group ${config.groupId}`
  try {
    const { members, rights } = await ask(parts, (signal) =>
      inspector.group(config.groupId, config.ledger.topic, signal),
    )
    const missing = missingRights(check, ['READ'], rights)
    if (missing.length > 0) return missing
    return [
      passed(check, members.length === 0 ? 'no members: the pipeline stands still' : counted(members.length, 'member')),
    ]
  } catch (error) {
    return [failed(check, error)]
  }
}

/** What the configuration leaves open to others. Switched-off verification is among the configuration's own notes. */
function exposure({ http, kafka }: PipelineConfig): readonly Finding[] {
  const findings: Finding[] = []
  if (http !== undefined && !isLoopbackHost(http.host)) {
    findings.push(warning('http.listen', 'other machines can read /metrics, and nobody is asked for a password'))
  }
  const isRemote = kafka.brokers.some((broker) => !isLoopbackHost(parseHostPort(broker)?.host ?? broker))
  if (isRemote && kafka.tls === undefined) {
    const what = kafka.sasl === undefined ? 'records travel' : 'records and credentials travel'
    findings.push(warning('kafka.security.protocol', `no TLS: ${what} in clear`, 'Use SSL or SASL_SSL.'))
  }
  return findings
}
