import type { AwsApi } from '../../aws/aws.ts'
import type { KinesisConfig } from '../../config/source-config.ts'
import { TailraceError } from '../../errors.ts'
import { isDelivering } from '../../sources/kinesis/replication/destination.ts'
import { givenUp, inactive } from '../../sources/kinesis/replication/replication-watch.ts'
import { lookAtReplication } from '../../sources/kinesis/replication/replication.ts'
import type { ReplicationView, TableReplication } from '../../sources/kinesis/replication/replication.ts'
import type { StreamDescription } from '../../sources/kinesis/stream-summary.ts'
import { createSourceContext } from '../../sources/source-context.ts'
import { replicationPlanOf } from '../replication-of.ts'
import { durationText } from '../cli/duration-text.ts'
import { passed, warning } from './finding.ts'
import type { Finding } from './finding.ts'
import { ask } from './preflight-parts.ts'
import type { PreflightParts } from './preflight-parts.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** DynamoDB gives up after a week. */
const longWaitMs = hourMs
/** Throttles are waited out, and an account may have many tables. */
const patienceMs = 60_000

/**
 * How DynamoDB fills the stream: destinations of the wanted tables, and what was lost in the last day. Nothing of it keeps
 * a pipeline from reading what is in the stream, so all of it is warnings.
 */
export async function checkReplication(
  { arn }: StreamDescription,
  { config, api, parts }: { readonly config: KinesisConfig; readonly api: AwsApi; readonly parts: PreflightParts },
): Promise<readonly Finding[]> {
  const plan = replicationPlanOf(config, parts.env)
  if (plan === undefined) return []
  const { clock } = parts
  const untilMs = Math.ceil(clock.now() / hourMs) * hourMs
  const interval = { fromMs: untilMs - dayMs, untilMs, partMs: hourMs }
  const context = createSourceContext({ api, clock, rng: parts.rng })
  const silence = new TailraceError('AWS_THROTTLED', `the destinations of tables were not told within ${patienceMs} ms`)
  try {
    const look = (signal: AbortSignal): Promise<ReplicationView> =>
      lookAtReplication(context, { ...plan, streamArn: arn }, interval, signal)
    return findingsOf(await ask(parts, look, { ms: patienceMs, onTimeout: () => silence }))
  } catch (error) {
    if (!(error instanceof TailraceError)) throw error
    return [unseen(error)]
  }
}

function findingsOf({ tables, unseen: notSeen, omitted }: ReplicationView): readonly Finding[] {
  const isSeen = tables.length > 0 || notSeen.length > 0
  return [
    ...tables.flatMap(ofTable),
    ...notSeen.map(unseen),
    ...(isSeen ? [] : [warning('destinations', 'no table that is wanted has this stream for its destination')]),
    ...(omitted > 0 ? [warning('destinations', `${omitted} more tables match; they were not looked at`)] : []),
  ]
}

function ofTable({ table, destination, figures }: TableReplication): readonly Finding[] {
  const check = `table ${table}: destination`
  const findings: Finding[] = []
  if (typeof destination === 'object' && isDelivering(destination))
    findings.push(passed(check, `${destination.status}, times to the ${destination.precision.toLowerCase()}`))
  else if (typeof destination === 'object' && destination.status === 'ENABLING')
    findings.push(warning(check, 'is being enabled: changes come from then on'))
  else if (destination !== undefined) findings.push(loss(check, inactive(table, destination)))
  const { failed = 0, throttled = 0, oldestMs = 0 } = figures ?? {}
  if (failed > 0) findings.push(loss(check, givenUp(table, failed)))
  if (throttled > 0) {
    const what = `in the last day the stream had no room ${throttled} times; DynamoDB repeats that for a week`
    findings.push(warning(check, what, 'Give the stream more shards, or make it on-demand.'))
  }
  if (oldestMs >= longWaitMs)
    findings.push(warning(check, `a change has been waiting for ${durationText(oldestMs)} to come into the stream`))
  return findings
}

function loss(check: string, error: TailraceError): Finding {
  return { ...warning(check, error.message, error.remedy), code: error.code }
}

function unseen(error: TailraceError): Finding {
  const what = `losses on the way from DynamoDB into the stream cannot be seen: ${error.message}`
  return { ...warning('destinations', what, error.remedy), code: error.code }
}
