import { TailraceError } from '../../errors.ts'
import type { ReportBoard } from '../../service/process-reports.ts'
import type { ServiceLog } from '../../service/service-state.ts'
import type { Leader, Leadership } from '../server/rest/connect-service.ts'
import type { Revisions } from '../server/rest/revisions.ts'
import type { AdvertisedAddress } from './service-url.ts'

/** Processes that live, and where this one is reached. */
export interface Neighbours {
  readonly board: Pick<ReportBoard, 'processes' | 'onChange'>
  readonly address: Pick<AdvertisedAddress, 'url'>
}

/** Who wrote last leads, if it is known to live. Where nobody does, the log's trouble is told: it may be why. `neighboursOf` gives none while the process begins. */
export function leadershipOf(log: ServiceLog, neighboursOf: () => Neighbours | undefined): Leadership {
  return {
    leader: (): Leader => {
      const { leader, trouble } = log
      if (leader.kind === 'self') return leader
      const process = leader.kind === 'other' ? leader.process : undefined
      const neighbours = neighboursOf()
      const found = neighbours?.board.processes.find((one) => one.process === process)
      if (found === undefined) return { kind: 'none', trouble }
      // What is sent there comes back to this process.
      if (found.url === neighbours?.address.url) return { kind: 'none', trouble: advertisedTwice(found.url) }
      return { kind: 'other', url: found.url, process: found.process }
    },
    // A leader is known once the board has heard of it.
    onChange: (listener) => {
      const ends = [log.onChange(listener), neighboursOf()?.board.onChange(listener)]
      return () => ends.forEach((end) => end?.())
    },
  }
}

/** Why the process that leads cannot be asked by one that says that it is reached at the same address. */
export function advertisedTwice(url: string): TailraceError {
  return new TailraceError(
    'ADVERTISED_TWICE',
    `another process of the service says that it is reached at ${url}, as this one does, so requests cannot be handed on to it. ` +
      'If both run, rest.advertised.host.name must say for each where others reach it; if this one was just started again, it passes in seconds',
  )
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
