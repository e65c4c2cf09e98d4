import type { ProducerRecord } from '../kafka/kafka.ts'
import type { RunReport } from './process-reports.ts'
import { encodeRun, encodeSign, reportKey } from './report-codec.ts'
import type { ProcessSign } from './report-codec.ts'

/** Which of a process's own records are to be written, beside what the topic may hold of it by now. */
export interface OwnReports {
  /** What is to be told from now on. */
  set(runs: ReadonlyMap<string, RunReport>): void
  /** True if the topic may lack something of it. */
  readonly isDue: boolean
  /** Everything that the topic may lack; counts as unknown until `written` is called for it. */
  take(sign: ProcessSign): PendingReports
  /**
   * What the topic says of a connector, undefined for a tombstone. It should be what was told; but a request that was given up may arrive late, behind newer
   * ones, and the leader may have taken this process for dead. Then it is due again.
   */
  seen(connector: string, report: RunReport | undefined): void
  /** The topic may have lost anything. */
  forget(): void
  /** What is to be written at the end: first that the process is gone, then that each of its reports is. */
  goodBye(process: string): readonly (readonly Pick<ProducerRecord, 'key' | 'value'>[])[]
}

/** Records to write, the sign of life first. */
export interface PendingReports {
  readonly records: readonly Pick<ProducerRecord, 'key' | 'value'>[]
  written(): void
}

/** Nothing to tell yet, and nothing in the topic. */
export function createOwnReports(): OwnReports {
  let wanted: ReadonlyMap<string, RunReport> = new Map()
  // Undefined = something was sent, and nobody knows whether it arrived.
  const told = new Map<string, RunReport | undefined>()
  const changed = (): readonly [string, RunReport][] =>
    [...wanted].filter(([connector, report]) => !isSame(told.get(connector), report))
  const outdated = (): readonly string[] => [...told.keys()].filter((connector) => !wanted.has(connector))
  return {
    set: (runs) => {
      wanted = new Map(runs)
    },
    get isDue() {
      return changed().length + outdated().length > 0
    },
    take: (sign) => {
      const puts = changed()
      const gone = outdated()
      for (const [connector] of puts) told.set(connector, undefined)
      for (const connector of gone) told.set(connector, undefined)
      const { process } = sign
      return {
        records: [
          { key: reportKey(process), value: encodeSign(sign) },
          ...puts.map(([connector, report]) => ({ key: reportKey(process, connector), value: encodeRun(report) })),
          ...gone.map((connector) => ({ key: reportKey(process, connector), value: null })),
        ],
        written: () => {
          for (const [connector, report] of puts) told.set(connector, report)
          for (const connector of gone) told.delete(connector)
        },
      }
    },
    seen: (connector, report) => {
      const isAsTold = report === undefined ? !told.has(connector) : isSame(told.get(connector), report)
      if (!isAsTold) told.set(connector, undefined)
    },
    forget: () => {
      for (const connector of told.keys()) told.set(connector, undefined)
    },
    goodBye: (process) => [
      [{ key: reportKey(process), value: null }],
      [...told.keys()].map((connector) => ({ key: reportKey(process, connector), value: null })),
    ],
  }
}

function isSame(a: RunReport | undefined, b: RunReport): boolean {
  return a !== undefined && a.state === b.state && a.configId === b.configId && a.trace === b.trace
}
