import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import type { OversizeStrategy } from '../../config/oversize-strategies.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { TailraceError } from '../../errors.ts'
import type { KafkaApi } from '../../kafka/kafka.ts'
import type { ObjectWriter } from '../../objects/objects.ts'
import { createChunking } from '../../oversize/chunks.ts'
import { createClaimChecks } from '../../oversize/claim-checks.ts'
import { createDropBefore } from '../../oversize/drop-before.ts'
import { createLadder } from '../../oversize/ladder.ts'
import type { NamedStep } from '../../oversize/ladder.ts'
import type { Oversize, OversizeStep } from '../../oversize/oversize.ts'
import type { PipelineEventSink } from '../../pipeline/pipeline-event.ts'

/** What making changes smaller stands on. */
export interface OversizeParts {
  readonly kafka: Pick<KafkaApi, 'topicConfig'>
  readonly clock: Clock
  readonly rng: Rng
  readonly onEvent: PipelineEventSink
  /** Another one for each life of the pipeline. */
  readonly ledgerId: string
  /** Needed by `claim-check-s3`. */
  readonly objects: ObjectWriter | undefined
}

/** What the configuration does with changes that are too large; disposing ends what is still tidied up. */
export function openOversize(config: PipelineConfig, parts: OversizeParts): Oversize & AsyncDisposable {
  const stack = new AsyncDisposableStack()
  const { strategies } = config.oversize
  const steps = strategies.flatMap((name): readonly NamedStep[] => {
    const step = stepOf(name, { config, parts, stack })
    return step === undefined ? [] : [{ name, step }]
  })
  const ladder = createLadder({
    steps,
    toDeadLetters: strategies.includes('dead-letter'),
    onShrunk: (shrinking) => parts.onEvent({ kind: 'change-shrunk', ...shrinking }),
  })
  return { ...ladder, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

function stepOf(
  strategy: OversizeStrategy,
  {
    config,
    parts,
    stack,
  }: { readonly config: PipelineConfig; readonly parts: OversizeParts; readonly stack: AsyncDisposableStack },
): OversizeStep | undefined {
  switch (strategy) {
    case 'drop-before':
      return createDropBefore()
    case 'chunk':
      return createChunking({ isCompacted: compactedTopics(parts) })
    case 'claim-check-s3': {
      const { claimChecks } = config.oversize
      const { objects, onEvent, clock, rng, ledgerId } = parts
      if (claimChecks === undefined || objects === undefined)
        throw new TailraceError('INTERNAL', 'oversize.strategy: claim-check-s3 has no object store')
      const checks = createClaimChecks({
        objects,
        clock,
        rng,
        ledgerId,
        ...claimChecks,
        pipeline: config.pipeline,
        isOnce: config.delivery === 'exactly_once',
        onLeftBehind: (left) => onEvent({ kind: 'claim-checks-left', ...left }),
      })
      return stack.use(checks)
    }
    case 'fail':
    case 'dead-letter':
      return undefined
  }
}

/** How long an answer is believed. Milliseconds. */
const topicConfigMs = 60_000

function compactedTopics({ kafka, clock }: OversizeParts): (topic: string, signal: AbortSignal) => Promise<boolean> {
  const known = new Map<string, { readonly isCompacted: boolean; readonly untilMs: number }>()
  return async (topic, signal) => {
    const found = known.get(topic)
    if (found !== undefined && clock.monotonic() < found.untilMs) return found.isCompacted
    const isCompacted = await askCompacted(kafka, topic, signal)
    known.set(topic, { isCompacted, untilMs: clock.monotonic() + topicConfigMs })
    return isCompacted
  }
}

async function askCompacted(
  kafka: Pick<KafkaApi, 'topicConfig'>,
  topic: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return (await kafka.topicConfig(topic, signal)).get('cleanup.policy')?.includes('compact') ?? false
  } catch (error) {
    // Reading a topic's configuration is a right of its own. What the pipeline would make is not compacted: that was checked.
    if (error instanceof TailraceError && error.code === 'KAFKA_AUTHORIZATION') return false
    throw error
  }
}
