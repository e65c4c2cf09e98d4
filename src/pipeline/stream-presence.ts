import { TailraceError } from '../errors.ts'
import type { Source } from '../sources/source.ts'

/**
 * Whether the stream can still be read, which it can for a day after it was turned off, or its table deleted; undefined where that cannot be
 * told now. Services may be behind: one `false` decides nothing that cannot be taken back.
 */
export async function hasStream(
  source: Pick<Source, 'listShards'>,
  streamArn: string,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  try {
    await source.listShards(streamArn, signal)
    return true
  } catch (error) {
    if (signal.aborted || !(error instanceof TailraceError)) throw error
    return error.code === 'STREAM_NOT_FOUND' ? false : undefined
  }
}
