import type { Clock } from '../../async/clock.ts'
import type { ChangeConfig } from '../../config/change-config.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { TailraceError } from '../../errors.ts'
import { createChangeMask, refuseMaskedKeys } from '../../transform/change-mask.ts'
import { createChangeRouter } from '../../transform/change-router.ts'
import type { ChangeTransform } from '../../transform/change-transform.ts'
import { createReselect } from '../../transform/reselect.ts'
import type { ReselectedItems } from '../../transform/reselect.ts'
import { openUserCode } from '../../transform/user-code/user-code.ts'
import type { UserCode } from '../../transform/user-code/user-code.ts'
import { createOtherTopics } from './other-topics.ts'
import type { OtherTopicsOptions, SharedTopics } from './other-topics.ts'
import { hasFilter, tableFilters } from './table-filters.ts'
import type { TopicProvisioner } from '../../pipeline/topic-provisioner.ts'

/** What steps stand on besides the configuration. */
export interface ChangeStepParts {
  /** Needed where items are read anew. */
  readonly items?: ReselectedItems | undefined
  /** The user's files, if there are any. */
  readonly code?: UserCode | undefined
}

/**
 * The steps of a change in front of the envelope, in their order. Filters first: what is dropped costs no read. Masks behind
 * the user's code, so that it cannot undo them, and in front of routes, so that no topic is named after a masked value.
 */
export function changeStepsOf(
  config: Pick<PipelineConfig, 'changes' | 'topic' | 'overrides'>,
  { items, code }: ChangeStepParts,
): readonly ChangeTransform[] {
  const { changes, topic } = config
  const { masks, routes, reselects } = changes
  const isFiltered = hasFilter(config)
  if (reselects && items === undefined) throw new TailraceError('INTERNAL', 'nobody reads items anew')
  return [
    ...(isFiltered ? [tableFilters(config, false)] : []),
    ...(reselects && items !== undefined ? [createReselect(items)] : []),
    ...(reselects && isFiltered ? [tableFilters(config, true)] : []),
    ...(code === undefined ? [] : [code]),
    ...(masks.length > 0 ? [createChangeMask({ rules: masks, hmacKey: changes.hmacKey?.reveal() })] : []),
    ...(routes.length > 0 ? [createChangeRouter(routes, topic.prefix)] : []),
  ]
}

/** Loads the user's files; undefined if there are none. Throws TRANSFORM_UNUSABLE. */
export async function openCode(
  { changes: { code }, errors }: Pick<PipelineConfig, 'changes' | 'errors'>,
  parts: {
    readonly clock: Clock
    readonly onOutput?: ((text: string) => void) | undefined
  },
): Promise<UserCode | undefined> {
  if (code.files.length === 0) return undefined
  const { clock, onOutput = () => {} } = parts
  // Where rejected changes become dead letters, the others of their page go on.
  const stopsAtFailure = errors.tolerance === 'none'
  return await openUserCode({ ...code, clock, stopsAtFailure, onOutput })
}

/** Topics that changes may be routed to: not those of the pipeline itself. */
export function otherTopicsOf(
  config: PipelineConfig,
  parts: Pick<OtherTopicsOptions, 'topics' | 'limits' | 'clock'>,
): SharedTopics {
  const { ledger, signals, heartbeats, errors, topic } = config
  const own = [ledger.topic, signals.topic, signals.notificationTopic, heartbeats?.topic, errors.deadLetters.topic]
  const named = own.filter((name) => name !== undefined)
  return createOtherTopics({ ...parts, own: new Set(named), mayShare: topic.isShared })
}

/** Refuses tables whose key attributes would be masked where those are refused that would meet in one topic. */
export function refusingMaskedKeys(topics: TopicProvisioner, { masks }: ChangeConfig): TopicProvisioner {
  return {
    ...topics,
    refuseCollisions: (tables) => {
      for (const table of tables) refuseMaskedKeys(masks, table)
      topics.refuseCollisions(tables)
    },
    refusalOf: (table, others) => {
      try {
        refuseMaskedKeys(masks, table)
      } catch (error) {
        if (error instanceof TailraceError) return error
        throw error
      }
      return topics.refusalOf(table, others)
    },
  }
}
