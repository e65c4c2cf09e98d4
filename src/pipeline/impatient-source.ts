import { inTime } from '../async/in-time.ts'
import { TailraceError } from '../errors.ts'
import type { Source } from '../sources/source.ts'
import type { Coordination } from './coordination.ts'

/** How long somebody's request, and all that wait behind it, wait for what it asks of the source. */
const patienceMs = 10_000

/** A coordination for work that others wait behind. */
export interface ImpatientCoordination extends Coordination {
  /** The source has not answered in time: what is asked of it from now on is refused at once. */
  readonly isSourceSilent: () => boolean
}

/**
 * The same coordination, whose source answers what a decision asks of it within seconds or rejects with AWS_UNREACHABLE: by
 * itself it would wait for AWS, or for a right, as long as it takes. For one round of work; the next one asks anew.
 */
export function withImpatience(coordination: Coordination): ImpatientCoordination {
  const { environment } = coordination
  const { source, clock } = environment
  let isSilent = false
  const silence = (): TailraceError =>
    new TailraceError('AWS_UNREACHABLE', `what was asked of the source was not answered within ${patienceMs / 1000} s`)
  const late = (): TailraceError => {
    isSilent = true
    return silence()
  }
  const asked = <T>(question: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> =>
    isSilent ? Promise.reject(silence()) : inTime(clock, { ms: patienceMs, late }, signal, question)
  const impatient: Source = {
    ...source,
    describeTable: (table, signal) => asked((within) => source.describeTable(table, within), signal),
    listShards: (streamArn, signal) => asked((within) => source.listShards(streamArn, within), signal),
    hasShard: (streamArn, shardId, signal) => asked((within) => source.hasShard(streamArn, shardId, within), signal),
    tableSize: (table, signal) => asked((within) => source.tableSize(table, within), signal),
  }
  return { ...coordination, environment: { ...environment, source: impatient }, isSourceSilent: () => isSilent }
}
