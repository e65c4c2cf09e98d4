import type { ErrorCode } from '../../error-catalogue.ts'
import type { Finding } from './finding.ts'
import type { Preflight } from './preflight.ts'

/** What a preflight means for a start. */
export interface StartFindings {
  /** What must not be started with. */
  readonly failures: readonly Finding[]
  /** What should be read, and stops nothing. */
  readonly remarks: readonly Finding[]
}

/** What can happen to one table while its neighbours go on. */
const ofOneTable: ReadonlySet<ErrorCode> = new Set([
  'TABLE_NOT_FOUND',
  'STREAM_DISABLED',
  'STREAM_VIEW_TYPE',
  'OUTPUT_TOPIC_CHANGED',
  'TOPIC_RESERVED',
])

/**
 * A pipeline that has run before goes on without a table that cannot be read or written any more, or not be taken up, as it would if
 * that happened while it runs.
 */
export function startFindings({ findings, hasRunBefore }: Pick<Preflight, 'findings' | 'hasRunBefore'>): StartFindings {
  const isTolerated = ({ code, isAboutNewTable, isAboutSnapshot }: Finding): boolean =>
    hasRunBefore &&
    (isAboutNewTable === true || isAboutSnapshot === true || (code !== undefined && ofOneTable.has(code)))
  return {
    failures: findings.filter((finding) => finding.status === 'failed' && !isTolerated(finding)),
    remarks: findings.filter((finding) => finding.status === 'warning' || isTolerated(finding)),
  }
}
