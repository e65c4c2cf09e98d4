import type { FetchedRecord } from '../kafka/kafka.ts'
import type { ProcessReport, RunReport } from './process-reports.ts'
import { decodeReport } from './report-codec.ts'
import type { ProcessSign, ReportRecord } from './report-codec.ts'

/**
 * What was read of the other processes. Time is counted in time of reading: while nothing can be read, nobody becomes silent, and after that each
 * has the whole of its time again to be heard of.
 */
export interface KnownProcesses {
  /** What was read at once from a partition, whose reading time is now `nowMs`. Returns what concerns this process itself. */
  take(partition: number, records: readonly FetchedRecord[], nowMs: number): readonly ReportRecord[]
  /** The topic is another one: whoever is known has the whole of its time again to be heard of, in whatever partition. */
  beginAnew(): void
  /** The reports of those who were heard of within `timeoutMs`; the same objects as long as nothing was heard that differs. */
  living(timeoutMs: number): readonly ProcessReport[]
  /** Those who were not heard of for that long, with the connectors that they left reports of. */
  silent(forMs: number): readonly { readonly process: string; readonly connectors: readonly string[] }[]
}

interface Known {
  /** In which it was heard of last. */
  partition: number
  sign: ProcessSign | undefined
  readonly runs: Map<string, RunReport>
  heardAtMs: number
  /** Made anew after each difference. */
  shown: ProcessReport | undefined
}

/** Of one group; `self` is left out. */
export function createKnownProcesses(group: string, self: string): KnownProcesses {
  const known = new Map<string, Known>()
  const nowOf = new Map<number, number>()
  const knownOf = (process: string, partition: number): Known => {
    const found = known.get(process)
    if (found !== undefined) return found
    const made: Known = { partition, sign: undefined, runs: new Map(), heardAtMs: 0, shown: undefined }
    known.set(process, made)
    return made
  }
  const isSilent = ({ partition, heardAtMs }: Known, forMs: number): boolean =>
    (nowOf.get(partition) ?? 0) - heardAtMs > forMs
  const hear = (partition: number, record: ReportRecord): void => {
    const { process } = record.kind === 'process' ? record.sign : record
    if (record.kind === 'gone' && (record.connector === undefined || !known.has(process))) {
      known.delete(process)
      return
    }
    const one = knownOf(process, partition)
    one.partition = partition
    one.heardAtMs = nowOf.get(partition) ?? 0
    if (record.kind === 'process' && !isSame(one.sign, record.sign)) {
      one.sign = record.sign
      one.shown = undefined
    } else if (record.kind !== 'process') {
      if (record.kind === 'run') one.runs.set(record.connector, record.report)
      else if (record.connector !== undefined) one.runs.delete(record.connector)
      one.shown = undefined
    }
  }
  return {
    take: (partition, records, nowMs) => {
      nowOf.set(partition, nowMs)
      const own: ReportRecord[] = []
      for (const { key, value } of records) {
        const record = decodeReport(key, value)
        if (record === undefined) continue
        if ((record.kind === 'process' ? record.sign : record).process === self) own.push(record)
        else hear(partition, record)
      }
      return own
    },
    beginAnew: () => {
      nowOf.clear()
      for (const one of known.values()) Object.assign(one, { partition: 0, heardAtMs: 0 })
    },
    living: (timeoutMs) => {
      const shown = [...known.values()]
        .filter((one) => one.sign?.group === group && !isSilent(one, timeoutMs))
        .map((one) => (one.shown ??= shownOf(one)))
        .filter((report) => report !== undefined)
      return shown.sort((a, b) => (a.process < b.process ? -1 : 1))
    },
    silent: (forMs) =>
      [...known]
        .filter(([, one]) => (one.sign === undefined || one.sign.group === group) && isSilent(one, forMs))
        .map(([process, { runs }]) => ({ process, connectors: [...runs.keys()] })),
  }
}

function shownOf({ sign, runs }: Known): ProcessReport | undefined {
  if (sign === undefined) return undefined
  const { process, workerId, url, version, isLeader } = sign
  return { process, workerId, url, version, isLeader, runs: new Map(runs) }
}

function isSame(a: ProcessSign | undefined, b: ProcessSign): boolean {
  return (
    a !== undefined &&
    a.group === b.group &&
    a.workerId === b.workerId &&
    a.url === b.url &&
    a.version === b.version &&
    a.isLeader === b.isLeader
  )
}
