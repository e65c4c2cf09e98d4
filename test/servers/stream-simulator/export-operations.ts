import type { SimulatedRequest } from './fault-plan.ts'
import { isObject, numberMember, objectMember, ServiceError, textMember } from './service-error.ts'
import type { ExportWindow, SimulatedExport, WantedExport } from './simulated-exports.ts'
import type { SimulatedTable } from './simulated-table.ts'
import type { SimulatorState } from './simulator-state.ts'

type Body = SimulatedRequest['body']

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const tokenLifetimeMs = 8 * hourMs
const rememberedMs = 90 * 24 * hourMs

/** ExportTableToPointInTime. A token that is known gives its export again, whatever has become of the table since. */
export function exportTable(state: SimulatorState, body: Body): unknown {
  const token = textMember(body, 'ClientToken')
  if (token.length > 64) throw new ServiceError('ValidationException', 'ClientToken has more than 64 characters')
  const now = state.clock.now()
  const earlier = state.exports.made.findLast(
    (made) => made.token === token && now - made.requestedAtMs < tokenLifetimeMs,
  )
  const fingerprint = JSON.stringify(body)
  if (earlier !== undefined) {
    if (earlier.fingerprint === fingerprint) return description(state, earlier)
    throw new ServiceError('ExportConflictException', 'There is another export with this client token')
  }
  const table = tableByArn(state, textMember(body, 'TableArn'))
  const history = table.history
  if (history === undefined)
    throw new ServiceError(
      'PointInTimeRecoveryUnavailableException',
      `Point in time recovery is not enabled for table '${table.name}'`,
    )
  const wanted: WantedExport = {
    token,
    fingerprint,
    table,
    history,
    bucket: textMember(body, 'S3Bucket'),
    prefix: body['S3Prefix'] === undefined ? '' : `${textMember(body, 'S3Prefix').replace(/\/$/, '')}/`,
    format: formatOf(body),
    window: windowOf(state, body, history.beganAtMs),
  }
  return description(state, state.exports.begin(wanted))
}

/** DescribeExport. */
export function describeExport(state: SimulatorState, body: Body): unknown {
  const arn = textMember(body, 'ExportArn')
  const made = state.exports.made.find((one) => one.arn === arn)
  if (made === undefined || state.clock.now() - made.requestedAtMs > rememberedMs)
    throw new ServiceError('ExportNotFoundException', `Export not found: ${arn}`)
  return description(state, made)
}

function tableByArn(state: SimulatorState, arn: string): SimulatedTable {
  const table = [...state.tables.values()].find((one) => one.arn === arn)
  if (table === undefined) throw new ServiceError('TableNotFoundException', `Table not found: ${arn}`)
  return table
}

function formatOf(body: Body): WantedExport['format'] {
  const format = body['ExportFormat'] ?? 'DYNAMODB_JSON'
  if (format === 'DYNAMODB_JSON' || format === 'ION') return format
  throw new ServiceError('ValidationException', 'Unknown ExportFormat')
}

function windowOf(state: SimulatorState, body: Body, beganAtMs: number): ExportWindow {
  const latestMs = state.clock.now() - state.exports.settings.latestMs
  const within = (ms: number, name: string): number => {
    // A history that has just begun can be exported from the second on in which it did.
    if (ms > latestMs || ms < Math.floor(beganAtMs / 1000) * 1000)
      throw new ServiceError('InvalidExportTimeException', `${name} is not within the window of point in time recovery`)
    return ms
  }
  const specification = objectMember(body, 'IncrementalExportSpecification')
  const type = body['ExportType'] ?? 'FULL_EXPORT'
  if (type === 'FULL_EXPORT') {
    if (specification !== undefined)
      throw new ServiceError('ValidationException', 'A full export has no IncrementalExportSpecification')
    const seconds = numberMember(body, 'ExportTime')
    return { kind: 'full', timeMs: seconds === undefined ? latestMs : within(seconds * 1000, 'ExportTime') }
  }
  if (type !== 'INCREMENTAL_EXPORT' || !isObject(specification) || body['ExportTime'] !== undefined)
    throw new ServiceError('ValidationException', 'ExportType and its members do not go together')
  const [from, to] = [numberMember(specification, 'ExportFromTime'), numberMember(specification, 'ExportToTime')]
  if (from === undefined || to === undefined)
    throw new ServiceError('ValidationException', 'An incremental export has two times')
  if (specification['ExportViewType'] !== 'NEW_AND_OLD_IMAGES')
    throw new ServiceError('ValidationException', 'The simulator exports NEW_AND_OLD_IMAGES only')
  const lengthMs = (to - from) * 1000
  if (lengthMs < 15 * minuteMs || lengthMs > 24 * hourMs)
    throw new ServiceError('ValidationException', 'An incremental export is of 15 minutes to 24 hours')
  return {
    kind: 'incremental',
    fromMs: within(from * 1000, 'ExportFromTime'),
    toMs: within(to * 1000, 'ExportToTime'),
  }
}

function description(state: SimulatorState, made: SimulatedExport): unknown {
  const status = state.exports.statusOf(made)
  const { bucket, window } = made
  return {
    ExportDescription: {
      ExportArn: made.arn,
      ExportStatus: status,
      TableArn: made.table.arn,
      TableId: made.table.id,
      ClientToken: made.token,
      ExportFormat: made.format,
      S3Bucket: bucket,
      StartTime: made.requestedAtMs / 1000,
      ...(window.kind === 'full'
        ? { ExportType: 'FULL_EXPORT', ExportTime: window.timeMs / 1000 }
        : {
            ExportType: 'INCREMENTAL_EXPORT',
            IncrementalExportSpecification: {
              ExportFromTime: window.fromMs / 1000,
              ExportToTime: window.toMs / 1000,
              ExportViewType: 'NEW_AND_OLD_IMAGES',
            },
          }),
      ...(status === 'COMPLETED' ? { ExportManifest: made.manifestKey } : {}),
      ...(status === 'FAILED' ? { FailureCode: made.failure?.code, FailureMessage: made.failure?.message } : {}),
    },
  }
}
