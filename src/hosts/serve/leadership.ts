import type { ReportBoard } from '../../service/process-reports.ts'
import type { ServiceLog } from '../../service/service-state.ts'
import type { Leader, Leadership } from '../server/rest/connect-service.ts'
import type { Revisions } from '../server/rest/revisions.ts'

/** Who wrote last leads, if it is known to live. Where nobody does, the log's trouble is told: it may be why. */
export function leadershipOf(log: ServiceLog, boardOf: () => ReportBoard | undefined): Leadership {
  return {
    leader: (): Leader => {
      const { leader, trouble } = log
      if (leader.kind === 'self') return leader
      const process = leader.kind === 'other' ? leader.process : undefined
      const found = boardOf()?.processes.find((one) => one.process === process)
      return found === undefined ? { kind: 'none', trouble } : { kind: 'other', url: found.url, process: found.process }
    },
    onChange: (listener) => log.onChange(listener),
  }
}

/** Revisions of the service's log. */
export function revisionsOf(log: ServiceLog): Revisions {
  const has = (revision: number): boolean => (log.state?.revision ?? -1) >= revision
  return {
    current: () => log.state?.revision,
    reached: (revision, signal) =>
      new Promise((resolve, reject) => {
        if (has(revision)) return resolve()
        const end = log.onChange(() => {
          if (!has(revision)) return
          end()
          resolve()
        })
        const onAbort = (): void => {
          end()
          reject(signal.reason as Error)
        }
        if (signal.aborted) onAbort()
        else signal.addEventListener('abort', onAbort, { once: true })
      }),
  }
}
