import type { AwsServiceError } from '../../aws/aws.ts'
import { clockDoubtMs } from '../../change/retention.ts'
import { TailraceError } from '../../errors.ts'
import type { ErrorCode } from '../../error-catalogue.ts'
import type { KinesisContext } from './kinesis-context.ts'
import type { PageStart } from './record-pages.ts'
import { lookAtStream } from './same-stream.ts'

/** Says what it means that the service refuses to read a shard. Of one reader; counts its looks. */
export interface Refusals {
  /**
   * The error to fail with: one that is retried (AWS_RESPONSE) while a look can still succeed, SHARD_NOT_FOUND where what
   * was not read is gone, POSITION_REFUSED where the position is of no record of the shard, otherwise the service's own.
   */
  judge(error: AwsServiceError, start: PageStart, signal: AbortSignal): Promise<Error>
  /** Throws SHARD_NOT_FOUND if the stream is gone or another one has its name. */
  requireSameStream(signal: AbortSignal): Promise<void>
  /** The shard could be read: whatever was refused before counts no more. */
  forget(): void
}

/** A listed shard that cannot be read yet (an answer may be behind) is asked for this often. */
const maxMissingLooks = 8

/** Both ways of reading a shard meet the same refusals. `streamArn` is the stream's label. */
export function createRefusals(
  context: KinesisContext,
  shard: { readonly streamArn: string; readonly shardId: string },
): Refusals {
  const { streamArn, shardId } = shard
  let missingLooks = 0
  const fail = (code: ErrorCode, what: string, start: PageStart | undefined, cause?: unknown): TailraceError =>
    new TailraceError(code, `${what} (shard ${shardId} of ${streamArn})`, {
      cause,
      details: { streamArn, shardId, after: positionOf(start) },
    })
  const goneWith = async (start: PageStart | undefined, cause: unknown, signal: AbortSignal) => {
    const now = await lookAtStream(context, streamArn, context.clock.monotonic(), signal)
    if (now.kind === 'same') return undefined
    return fail('SHARD_NOT_FOUND', `What follows ${placeOf(start)} cannot be read: ${now.what}`, start, cause)
  }

  return {
    judge: async (error, start, signal) => {
      const isMissing = error.type === 'ResourceNotFoundException'
      if (!isMissing && error.type !== 'InvalidArgumentException') return error
      const gone = await goneWith(start, error, signal)
      if (gone !== undefined) return gone
      if (isMissing) {
        if (++missingLooks < maxMissingLooks)
          return fail('AWS_RESPONSE', 'the shard is not found; looking again', start, error)
        missingLooks = 0
        const what = `What follows ${placeOf(start)} cannot be read: the shard no longer exists`
        return fail('SHARD_NOT_FOUND', what, start, error)
      }
      if (++missingLooks < maxMissingLooks || isAboutNow(start, context.clock.now()))
        return fail('AWS_RESPONSE', 'the service does not take the position; asking again', start, error)
      missingLooks = 0
      return fail('POSITION_REFUSED', `The service does not take ${placeOf(start)} for a position`, start, error)
    },
    requireSameStream: async (signal) => {
      const gone = await goneWith(undefined, undefined, signal)
      if (gone !== undefined) throw gone
    },
    forget: () => {
      missingLooks = 0
    },
  }
}

/** The service refuses moments that lie in the future by its own clock. */
function isAboutNow(start: PageStart, nowMs: number): boolean {
  return start.kind === 'time' && start.atMs > nowMs - clockDoubtMs
}

function positionOf(start: PageStart | undefined): string | undefined {
  return start?.kind === 'after' || start?.kind === 'at' ? start.sequenceNumber : undefined
}

function placeOf(start: PageStart | undefined): string {
  switch (start?.kind) {
    case 'after':
    case 'at':
      return start.sequenceNumber
    case 'time':
      return new Date(start.atMs).toISOString()
    default:
      return 'the trim horizon'
  }
}
