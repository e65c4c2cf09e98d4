import { errorCatalogue } from '../../error-catalogue.ts'
import type { TailraceError } from '../../errors.ts'
import { durationText } from '../cli/duration-text.ts'
import type { PipelineState } from './connect-feed.ts'
import type { HealthCheck } from './health-check.ts'
import type { ProgressBoard } from './progress-board.ts'
import type { SourceContact } from './source-contact.ts'

/** With less than this left of the retention somebody should look. Milliseconds. */
export const headroomWarningMs: number = 12 * 3_600_000

/** How many tables or lanes a message names. */
const shownNames = 5

/** What a process does for a pipeline, and why it failed at that. */
export interface RunOfPipeline {
  readonly state: PipelineState
  readonly failure: TailraceError | undefined
}

/** What can be said of one pipeline in this process. Only a missing assignment fails: all else waits, or is for people. */
export function pipelineChecks(
  board: ProgressBoard,
  source: SourceContact,
  run: RunOfPipeline,
): readonly HealthCheck[] {
  const always = [configurationCheck, runCheck(run)]
  if (run.state !== 'running') return [...always, headroomCheck(board)]
  return [
    ...always,
    membershipCheck(board),
    lanesCheck(board),
    sourceCheck(source),
    tablesCheck(board),
    coordinatorCheck(board),
    headroomCheck(board),
  ]
}

/** Who has a monitor has read its configuration. */
const configurationCheck: HealthCheck = {
  name: 'configuration',
  status: 'ok',
  message: 'The configuration was read and is valid.',
}

function runCheck({ state, failure }: RunOfPipeline): HealthCheck {
  const name = 'run'
  if (failure === undefined)
    return { name, status: state === 'failed' ? 'warn' : 'ok', message: `The pipeline is ${state} here.` }
  return { name, status: 'warn', message: `The pipeline is ${state} here: ${failure.message}`, ...adviceOf(failure) }
}

function membershipCheck({ assigned }: ProgressBoard): HealthCheck {
  const name = 'membership'
  if (assigned !== undefined)
    return { name, status: 'ok', message: `The group has given ${counted(assigned.length, 'lane')} to this process.` }
  return {
    name,
    status: 'fail',
    message: 'The consumer group has not yet told this process what is its share.',
    remedy: 'Wait; if it lasts, the log says what Kafka answers.',
  }
}

function lanesCheck({ assigned = [], lanes }: ProgressBoard): HealthCheck {
  const name = 'lanes'
  const doubts = [...lanes].flatMap(([lane, { doubt }]) => (doubt === undefined ? [] : [{ lane, doubt }]))
  const awaited = assigned.filter((lane) => !lanes.has(lane))
  const first = doubts[0]
  if (first !== undefined)
    return {
      name,
      status: 'warn',
      message: `${counted(doubts.length, 'lane')} of ${assigned.length} being taken again (${named(doubts.map(({ lane }) => String(lane)))}): ${first.doubt.message}`,
      ...adviceOf(first.doubt),
    }
  if (awaited.length > 0)
    return {
      name,
      status: 'warn',
      message: `${counted(awaited.length, 'lane')} of ${assigned.length} not yet taken (${named(awaited.map(String))}).`,
      remedy: 'Wait; if it lasts, the log says what Kafka answers.',
    }
  return { name, status: 'ok', message: `${lanes.size} of ${counted(assigned.length, 'lane')} at work.` }
}

function sourceCheck({ failure }: SourceContact): HealthCheck {
  const name = 'source'
  if (failure === undefined) return { name, status: 'ok', message: 'AWS answers.' }
  return {
    name,
    status: 'warn',
    message: failure.message,
    code: failure.code,
    remedy: errorCatalogue[failure.code].remedy,
  }
}

function tablesCheck(board: ProgressBoard): HealthCheck {
  const name = 'tables'
  const tables = board.tables()
  const stopped = [...tables].filter(([, { status }]) => status === 'stopped')
  const first = stopped[0]?.[1]
  if (first === undefined) return { name, status: 'ok', message: `${counted(tables.size, 'table')}, none stopped.` }
  const isAlone = (name: string): boolean => [...tables.values()].filter(({ table }) => table === name).length === 1
  const names = named(stopped.map(([arn, { table }]) => (isAlone(table) ? table : arn)))
  return {
    name,
    status: 'warn',
    message: `${counted(stopped.length, 'table')} stopped (${names}): ${first.reason ?? ''}`,
    code: first.code,
    remedy: remedyOf(first.code),
  }
}

function coordinatorCheck({ coordinatorError: error }: ProgressBoard): HealthCheck {
  const name = 'coordinator'
  if (error === undefined) return { name, status: 'ok', message: 'No duty of the coordinator has failed here.' }
  return { name, status: 'warn', message: error.message, ...adviceOf(error) }
}

function headroomCheck(board: ProgressBoard): HealthCheck {
  const name = 'retention-headroom'
  const least = [...board.headroomMs()].sort(([, one], [, other]) => one - other)[0]
  if (least === undefined) return { name, status: 'ok', message: 'This process reads no shard.' }
  const [table, leftMs] = least
  const ageMs = Math.max(
    ...board
      .shards()
      .map((shard) => (shard.shard.table === table && shard.retentionMs - shard.ageMs <= leftMs ? shard.ageMs : 0)),
  )
  const message = `The oldest unread change of ${table} is at most ${durationText(ageMs)} old; ${durationText(leftMs)} are left before changes are lost.`
  if (leftMs >= headroomWarningMs) return { name, status: 'ok', message }
  return { name, status: 'warn', message, remedy: 'See docs/operations.md#retention-headroom-is-low.' }
}

function adviceOf({ code, remedy }: TailraceError): Pick<HealthCheck, 'code' | 'remedy'> {
  return { code, remedy }
}

/** Codes in ledgers may be of a newer version. */
function remedyOf(code: string | undefined): string | undefined {
  const entries: Readonly<Record<string, { readonly remedy: string }>> = errorCatalogue
  return code === undefined ? undefined : entries[code]?.remedy
}

function named(names: readonly string[]): string {
  const rest = names.length - shownNames
  return names.slice(0, shownNames).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
