import type { KinesisContext } from './kinesis-context.ts'
import { parseStreamLabel } from './stream-label.ts'
import type { StreamDescription } from './stream-summary.ts'

/** The stream that a label means, or what has become of it. */
export type StreamNow =
  | { readonly kind: 'same'; readonly description: StreamDescription }
  /** No stream has its name, or another one has it that was made later. */
  | { readonly kind: 'gone'; readonly what: string }

/** Looks whether the stream of a label is there, later than at `asOf` (Clock.monotonic). */
export async function lookAtStream(
  context: KinesisContext,
  streamArn: string,
  asOf: number,
  signal: AbortSignal,
): Promise<StreamNow> {
  const { arn } = parseStreamLabel(streamArn)
  const description = await context.descriptions.get(arn, asOf, signal)
  if (description === undefined) return { kind: 'gone', what: 'the stream no longer exists' }
  if (description.label === streamArn) return { kind: 'same', description }
  return { kind: 'gone', what: 'the stream was deleted, and another one made under its name' }
}
