import { createSourceContext } from '../source-context.ts'
import type { SourceContext, SourceContextOptions } from '../source-context.ts'
import { createStreamDescriptions } from './stream-description.ts'
import type { StreamDescriptions } from './stream-description.ts'

/** What all parts of the Kinesis source share. */
export interface KinesisContext extends SourceContext {
  readonly descriptions: StreamDescriptions
}

/** Limits count by the second here, so what was throttled need not be tried again much earlier. */
const defaultRetry = { baseMs: 200, capMs: 5_000 }

/** Makes a context with the usual patience. */
export function createKinesisContext(options: SourceContextOptions): KinesisContext {
  const context = createSourceContext({ ...options, retry: options.retry ?? defaultRetry })
  return { ...context, descriptions: createStreamDescriptions(context) }
}
