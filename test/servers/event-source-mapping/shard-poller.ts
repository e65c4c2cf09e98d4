import { retryForever } from '../../../src/aws/retry-forever.ts'
import { AwsServiceError } from '../../../src/aws/aws.ts'
import { isJsonObject } from '../../../src/aws/json-object.ts'
import { compareSequenceNumbers } from '../../../src/change/sequence-number.ts'
import { TailraceError } from '../../../src/errors.ts'
import type { MappedRecord, ReadFrom } from './mapped-stream.ts'
import type { MappingParts } from './mapping-parts.ts'

/** Reads one shard from a place on, page by page, no faster than the mapping's pace. */
export interface ShardPoller {
  /** Waits out what passes. A shard that does not exist any more has ended. */
  read(signal: AbortSignal): Promise<{ readonly records: readonly MappedRecord[]; readonly isEnd: boolean }>
}

/** Asks for nothing before the first `read`. */
export function createShardPoller(parts: MappingParts, shardId: string, start: ReadFrom): ShardPoller {
  const { stream, api, clock, rng, pace, counters, trace } = parts
  let from = start
  let iterator: string | undefined
  let nextPollAtMs = Number.NEGATIVE_INFINITY

  const currentIterator = async (signal: AbortSignal): Promise<string> => {
    if (iterator !== undefined) return iterator
    const answer = await api.call(stream.iteratorRequest(shardId, from), signal)
    const token = isJsonObject(answer) ? answer['ShardIterator'] : undefined
    if (typeof token !== 'string') throw new Error('GetShardIterator answered without an iterator')
    iterator = token
    return token
  }
  const readOnce: ShardPoller['read'] = async (signal) => {
    try {
      const answer = await api.call(stream.recordsRequest(await currentIterator(signal)), signal)
      const page = stream.readRecords(shardId, answer)
      const { sequenceNumber: after } = from.kind === 'after' ? from : { sequenceNumber: undefined }
      // Pages may overlap; nothing comes twice from here.
      const records = page.records.filter(
        (record) => after === undefined || compareSequenceNumbers(record.sequenceNumber, after) > 0,
      )
      const last = records.at(-1)
      if (last !== undefined) from = { kind: 'after', sequenceNumber: last.sequenceNumber }
      iterator = page.nextIterator
      return { records, isEnd: page.nextIterator === undefined }
    } catch (error) {
      if (error instanceof TailraceError && error.code === 'ITERATOR_EXPIRED') iterator = undefined
      if (!(error instanceof AwsServiceError)) throw error
      iterator = undefined
      if (error.type === 'ResourceNotFoundException') return { records: [], isEnd: true }
      if (error.type !== 'TrimmedDataAccessException') throw error
      trace(`${shardId} goes on at the trim horizon`)
      counters.trims++
      from = { kind: 'oldest' }
      return { records: [], isEnd: false }
    }
  }
  return {
    read: async (signal) => {
      const waitMs = nextPollAtMs - clock.monotonic()
      if (waitMs > 0) await clock.sleep(waitMs, signal)
      nextPollAtMs = clock.monotonic() + pace.pollMs
      return retryForever({ clock, rng, policy: pace.retry }, () => readOnce(signal), signal)
    },
  }
}
