import { serviceFormat } from './service-codec.ts'
import type { ProcessReport, RunReport } from './process-reports.ts'

/** What one record of the reports' topic says. */
export type ReportRecord =
  /** That a process lives; everything of its report but its runs. */
  | { readonly kind: 'process'; readonly sign: ProcessSign }
  | { readonly kind: 'run'; readonly process: string; readonly connector: string; readonly report: RunReport }
  | { readonly kind: 'gone'; readonly process: string; readonly connector: string | undefined }

/** A process's sign of life. Its runs have records of their own, so that the many that stay as they are need not be written again. */
export interface ProcessSign extends Omit<ProcessReport, 'runs'> {
  readonly group: string
}

/** Of longer traces the beginning is told. Characters. */
const maxTrace = 4_000

/** The key of a process's sign, or of what it tells of a connector. */
export function reportKey(process: string, connector?: string): Buffer {
  const name = encodeURIComponent(process)
  return Buffer.from(connector === undefined ? `process/${name}` : `run/${name}/${connector}`)
}

/** The stored bytes of a sign. */
export function encodeSign(sign: ProcessSign): Buffer {
  return Buffer.from(JSON.stringify({ v: serviceFormat, e: sign }))
}

/** The stored bytes of what is told of a connector. */
export function encodeRun({ state, configId, trace }: RunReport): Buffer {
  const told = trace === undefined ? {} : { trace: trace.slice(0, maxTrace) }
  return Buffer.from(JSON.stringify({ v: serviceFormat, e: { state, configId, ...told } }))
}

/** Undefined for what this version cannot read: reports decide nothing, and whoever wrote it writes again. */
export function decodeReport(key: Buffer | null, value: Buffer | null): ReportRecord | undefined {
  const address = addressOf(key?.toString() ?? '')
  if (address === undefined) return undefined
  const { process, connector } = address
  if (value === null) return { kind: 'gone', process, connector }
  const body = bodyOf(value)
  if (connector === undefined) {
    const sign = readSign(process, body)
    return sign === undefined ? undefined : { kind: 'process', sign }
  }
  const report = readRun(body)
  return report === undefined ? undefined : { kind: 'run', process, connector, report }
}

function addressOf(key: string): { readonly process: string; readonly connector: string | undefined } | undefined {
  const [, process, connector] = /^process\/([^/]+)$/.exec(key) ?? /^run\/([^/]+)\/(.+)$/s.exec(key) ?? []
  if (process === undefined) return undefined
  try {
    return { process: decodeURIComponent(process), connector }
  } catch {
    // Somebody else's key.
    return undefined
  }
}

type Fields = Readonly<Record<string, unknown>>

function bodyOf(value: Buffer): Fields {
  try {
    const { v, e } = JSON.parse(value.toString()) as Fields
    return v === serviceFormat && typeof e === 'object' && e !== null ? (e as Fields) : {}
  } catch {
    return {}
  }
}

function readSign(process: string, { group, workerId, url, version, isLeader }: Fields): ProcessSign | undefined {
  if (typeof group !== 'string' || typeof workerId !== 'string' || typeof url !== 'string') return undefined
  if (typeof version !== 'string' || typeof isLeader !== 'boolean') return undefined
  return { group, process, workerId, url, version, isLeader }
}

const runStates: ReadonlySet<unknown> = new Set<RunReport['state']>([
  'RUNNING',
  'PAUSED',
  'STOPPED',
  'FAILED',
  'RESTARTING',
])

function readRun({ state, configId, trace }: Fields): RunReport | undefined {
  if (!runStates.has(state) || typeof configId !== 'string') return undefined
  const told = typeof trace === 'string' ? { trace } : {}
  return { state: state as RunReport['state'], configId, ...told }
}
