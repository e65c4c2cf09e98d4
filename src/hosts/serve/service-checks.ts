import type { ReportBoard } from '../../service/process-reports.ts'
import type { ServiceLog } from '../../service/service-state.ts'
import type { HealthCheck } from '../server/health-check.ts'
import { advertisedTwice } from './leadership.ts'

/** What can be said of the process itself, beside its pipelines. `self` is its `ProcessReport.process`. */
export function serviceChecks(
  log: Pick<ServiceLog, 'state' | 'trouble' | 'leader'>,
  board: Pick<ReportBoard, 'ageMs' | 'processes'>,
  own: OwnProcess,
): readonly HealthCheck[] {
  return [logCheck(log), leaderCheck(log), reportsCheck(board, own)]
}

function logCheck({ state, trouble }: Pick<ServiceLog, 'state' | 'trouble'>): HealthCheck {
  const name = 'service-log'
  if (trouble !== undefined)
    return { name, status: 'warn', message: trouble.message, code: trouble.code, remedy: trouble.remedy }
  if (state !== undefined)
    return {
      name,
      status: 'ok',
      message: `Read up to revision ${state.revision}; connectors: ${state.connectors.size}.`,
    }
  return {
    name,
    status: 'fail',
    message: 'What the service is to run was not yet read from Kafka.',
    remedy: 'Wait; if it lasts, the log says what Kafka answers.',
  }
}

function leaderCheck({ leader }: Pick<ServiceLog, 'leader'>): HealthCheck {
  const name = 'leader'
  if (leader.kind === 'none')
    return {
      name,
      status: 'warn',
      message: 'Nobody leads the service at the moment: pipelines go on, and nothing can be changed.',
      remedy: 'Wait; if it lasts, the log says what Kafka answers.',
    }
  return { name, status: 'ok', message: leader.kind === 'self' ? 'This process leads.' : 'Another process leads.' }
}

interface OwnProcess {
  readonly self: string
  /** Reports so old mean that nothing is heard of the others. */
  readonly processTimeoutMs: number
}

function reportsCheck(
  { ageMs, processes }: Pick<ReportBoard, 'ageMs' | 'processes'>,
  { self, processTimeoutMs }: OwnProcess,
): HealthCheck {
  const name = 'reports'
  if (ageMs > processTimeoutMs) {
    const message = Number.isFinite(ageMs)
      ? `Nothing was heard of the other processes for ${Math.round(ageMs / 1000)} s.`
      : 'Nothing was heard yet of the other processes.'
    return { name, status: 'warn', message, remedy: 'Wait; if it lasts, the log says what Kafka answers.' }
  }
  const own = processes.find(({ process }) => process === self)
  if (own !== undefined && processes.some(({ process, url }) => process !== self && url === own.url)) {
    const { code, message, remedy } = advertisedTwice(own.url)
    return { name, status: 'warn', message, code, remedy }
  }
  return { name, status: 'ok', message: `Processes that live: ${processes.length}.` }
}
