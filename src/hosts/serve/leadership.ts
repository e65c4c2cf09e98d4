import type { ReportBoard } from '../../service/process-reports.ts'
import type { ServiceLog } from '../../service/service-state.ts'
import type { Leader, Leadership } from '../server/rest/connect-service.ts'
import type { Revisions } from '../server/rest/revisions.ts'

/** Who wrote last leads, if it is known to live. */
export function leadershipOf(log: ServiceLog, boardOf: () => ReportBoard | undefined): Leadership {
  return {
    leader: (): Leader => {
      const { leader } = log
      if (leader.kind !== 'other') return leader
      const processes = boardOf()?.processes ?? []
      const found = processes.find(({ process }) => process === leader.process)
      return found === undefined ? { kind: 'none' } : { kind: 'other', url: found.url, process: found.process }
    },
    // A leader is known once the board has heard of it.
    onChange: (listener) => {
      const ends = [log.onChange(listener), boardOf()?.onChange(listener)]
      return () => ends.forEach((end) => end?.())
    },
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
