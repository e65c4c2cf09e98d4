import type { Clock } from '../../async/clock.ts'
import { configFingerprint } from '../../config/config-fingerprint.ts'
import type { TopicInfo } from '../../kafka/kafka.ts'
import { compareIdentity, countWithoutIdentity } from '../../lanes/identity.ts'
import type { IdentityEntry, TableEntry, TopicEntry } from '../../lanes/ledger-entry.ts'
import type { LaneState } from '../../lanes/lane-state.ts'
import { createLedgerView } from '../../lanes/ledger-view.ts'
import type { LedgerView } from '../../lanes/ledger-view.ts'
import { topicsOfLedger } from '../../lanes/topic-pins.ts'
import { presentWay, requireWay } from '../../lanes/way.ts'
import { newLedger } from '../../lanes/ledger-topic.ts'
import { findLedger, refuseLostLedger, requireCompaction, requireLanes } from '../../pipeline/admission.ts'
import type { LedgerClaim } from '../../pipeline/admission.ts'
import { counted } from '../counted.ts'
import { failed, passed } from './finding.ts'
import type { Finding } from './finding.ts'
import { missingRights } from './kafka-access.ts'
import type { KafkaAccess } from './kafka-access.ts'
import { ask } from './preflight-parts.ts'
import { checkDurability, checkMissingTopic } from './topic-settings.ts'

/** What was found about the ledger. */
export interface LedgerReport {
  readonly findings: readonly Finding[]
  readonly tables: readonly TableEntry[]
  /** Topics, besides the tables' own, that records were sent to. */
  readonly topics: readonly TopicEntry[]
}

/** Whether a worker, or a function, would be admitted to the ledger; and what the ledger holds. */
export async function checkLedger(access: KafkaAccess): Promise<LedgerReport> {
  const { config, kafka, parts } = access
  const check = checkName(access)
  const { pipeline, lanes, ledger } = config
  const claim: LedgerClaim = { kafka, pipeline, ledgerTopic: ledger.topic, lanes }
  try {
    const topic = await ask(parts, (signal) => findLedger(claim, signal))
    if (topic === undefined) return { findings: [await checkCreation(access)], ...nothing }
    const findings = await checkTopic(access, claim, topic)
    if (findings.some(({ status }) => status === 'failed')) return { findings, ...nothing }
    const content = await readIdentity(access, topic)
    return { findings: [...findings, ...content.findings], tables: content.tables, topics: content.topics }
  } catch (error) {
    return { findings: [failed(check, error)], ...nothing }
  }
}

function checkName({ config }: KafkaAccess): string {
  return `topic ${config.ledger.topic} (ledger)`
}

async function checkCreation(access: KafkaAccess): Promise<Finding> {
  const { config } = access
  const { ledger, lanes } = config
  const wanted = newLedger({ ledgerTopic: ledger.topic, lanes, replicationFactor: ledger.replicationFactor })
  return checkMissingTopic(access, checkName(access), wanted)
}

async function checkTopic(access: KafkaAccess, claim: LedgerClaim, topic: TopicInfo): Promise<readonly Finding[]> {
  const { inspector, parts } = access
  const check = checkName(access)
  const inspected = await ask(parts, (signal) => inspector.topic(topic.name, signal))
  const findings: Finding[] = [...missingRights(check, ['READ', 'WRITE', 'DESCRIBE'], inspected?.rights)]
  const rules: readonly ((signal: AbortSignal) => Promise<void>)[] = [
    async () => requireLanes(claim, topic),
    (signal) => requireCompaction(claim, signal),
    // Partitions that are not there cannot be asked; their number is a finding of its own.
    (signal) => refuseLostLedger({ ...claim, lanes: Math.min(claim.lanes, topic.partitions) }, signal),
  ]
  for (const rule of rules) {
    try {
      await ask(parts, rule)
    } catch (error) {
      findings.push(failed(check, error))
    }
  }
  if (inspected !== undefined) findings.push(...(await checkDurability(access, check, topic.name, inspected)))
  return findings
}

/** Reads the whole ledger, as taking every lane would: that nothing of it is lost or foreign shows only so. */
async function readIdentity(access: KafkaAccess, topic: TopicInfo): Promise<LedgerReport> {
  const { config, kafka, cluster, parts, way } = access
  const { pipeline, lanes, epoch } = config
  const check = checkName(access)
  const ours: IdentityEntry = {
    kind: 'identity',
    pipeline,
    clusterId: cluster.clusterId,
    topicId: topic.id,
    lanes,
    epoch,
    fingerprint: configFingerprint(config),
  }
  const view = createLedgerView(kafka, topic.name, lanes)
  const ledgers = await ask(parts, (signal) => readWhole(view, parts.clock, signal))
  const comparisons = ledgers.flatMap(({ identity }) => (identity === undefined ? [] : compareIdentity(identity, ours)))
  if (countWithoutIdentity(ledgers) > 0) return { findings: [passed(check, 'empty: a first start')], ...nothing }
  requireWay(presentWay(ledgers), way, pipeline)
  const tables = [...(ledgers[0]?.tables.values() ?? [])]
  const state = comparisons.includes('outdated') ? `epoch is raised to ${epoch} at the start` : `epoch ${epoch}`
  const turn = way === 'lambda' ? ", it is the function's turn" : ''
  return {
    findings: [passed(check, `${counted(lanes, 'lane')}, ${state}, ${counted(tables.length, 'table')}${turn}`)],
    tables,
    topics: topicsOfLedger(ledgers),
  }
}

const nothing: Omit<LedgerReport, 'findings'> = { tables: [], topics: [] }

/** The first start of another worker writes all identities at once, but they are not seen all at once. */
async function readWhole(view: LedgerView, clock: Clock, signal: AbortSignal): Promise<readonly LaneState[]> {
  for (let attempt = 0; ; attempt++) {
    const ledgers = await view.refresh(signal)
    const named = ledgers.filter(({ identity }) => identity !== undefined).length
    if (named === 0 || named === ledgers.length || attempt === 10) return ledgers
    await clock.sleep(200, signal)
  }
}
