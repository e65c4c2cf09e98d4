import type { PipelineConfig } from '../../../config/pipeline-config.ts'
import type { ErrorCode } from '../../../error-catalogue.ts'
import { promiseOf } from '../promise.ts'
import type { EventSourceMapping } from './event-source-mapping.ts'

/** What of a configuration decides what a mapping may be like. */
export type MappingConfig = Pick<PipelineConfig, 'delivery' | 'source' | 'lambda'>

/** One setting of a mapping that takes from the promise. */
export interface MappingFinding {
  /**
   * `refused`: nothing of its batches is written, for `code`; where it were, changes would be lost or repeated without a word.
   * `weaker`: what is written keeps the promise, but something is not promised.
   */
  readonly effect: 'refused' | 'weaker'
  /** Under Lambda's name. */
  readonly setting: string
  /** What it is, and what follows from that. */
  readonly detail: string
  /** What to set instead. */
  readonly remedy: string
  /** Of a refusal. */
  readonly code?: ErrorCode
  /** Of a weaker promise: finishes the sentence "not …". */
  readonly except?: string
}

/** What holds for the batches of one mapping. */
export interface MappingJudgement {
  readonly findings: readonly MappingFinding[]
  /** The promise that holds, in words. */
  readonly promise: string
  /** The first finding that refuses. */
  readonly refusal: MappingFinding | undefined
}

/** Decides what a pipeline can promise for what a mapping hands over. `others`: mappings of its stream to the same function. */
export function judgeMapping(
  config: MappingConfig,
  mapping: EventSourceMapping,
  others: readonly EventSourceMapping[] = [],
): MappingJudgement {
  const findings = [
    ...parallelism(config, mapping),
    ...withoutShard(config, mapping),
    ...partialResponses(config, mapping),
    ...givenUp(mapping),
    ...filtered(mapping),
    ...begunLate(config, mapping),
    ...handedOverTwice(config, others),
  ]
  const refusal = findings.find(({ effect }) => effect === 'refused')
  return { findings, refusal, promise: promiseUnder(config, findings, refusal) }
}

function promiseUnder(
  config: MappingConfig,
  findings: readonly MappingFinding[],
  refusal: MappingFinding | undefined,
): string {
  if (refusal !== undefined) return `nothing is written: batches are refused because of ${refusal.setting}`
  const exceptions = findings.flatMap(({ except }) => except ?? [])
  return [promiseOf(config), ...exceptions.map((exception) => `not ${exception}`)].join('; ')
}

/**
 * A position says that everything in front of it is delivered. Invocations of one shard side by side each have a part of its
 * items, and nobody tells which: the position of the fastest would cover what the others have not delivered yet.
 */
function parallelism({ delivery, source }: MappingConfig, mapping: EventSourceMapping): readonly MappingFinding[] {
  const { parallelizationFactor: factor } = mapping
  const setting = 'ParallelizationFactor'
  if (factor <= 1) return []
  if (delivery === 'exactly_once') {
    const detail = `ParallelizationFactor is ${factor}: ${factor} invocations of one shard at once would pass over each other's changes, and lose them; with 1 it is exactly once, and with delivery: at_least_once it may stay (at least once, order of each item kept)`
    return [refused(setting, detail, 'Set `ParallelizationFactor: 1`, or `delivery: at_least_once`.')]
  }
  // Each item of a table, and each partition key of a Kinesis stream, has its own of them.
  if (source.type !== 'kinesis') return []
  return [
    weaker(setting, {
      detail: `ParallelizationFactor is ${factor}: order is kept for each partition key, not for the shard`,
      remedy: 'Set `ParallelizationFactor: 1` if records with different partition keys must stay in order.',
      except: 'in the order of a shard, but in that of each partition key',
    }),
  ]
}

/** Lambda says which shard of a table's stream a batch is of with a tumbling window only. */
function withoutShard({ delivery, source }: MappingConfig, mapping: EventSourceMapping): readonly MappingFinding[] {
  if (delivery !== 'exactly_once' || source.type === 'kinesis' || mapping.tumblingWindow > 0) return []
  const detail =
    'TumblingWindowInSeconds is not set: batches do not say which shard they are of; with 1 it is exactly once, with delivery: at_least_once it need not be set (at least once, order of each item kept)'
  const remedy = 'Set `TumblingWindowInSeconds: 1`, or `delivery: at_least_once`.'
  return [refused('TumblingWindowInSeconds', detail, remedy, 'LAMBDA_NO_SHARD')]
}

/** With positions a batch fails as a whole, and then nothing is answered: what Lambda makes of answers does not matter. */
function partialResponses({ delivery, lambda }: MappingConfig, mapping: EventSourceMapping): readonly MappingFinding[] {
  if (delivery === 'exactly_once' || mapping.reportsItemFailures || lambda.reportsItemFailures === false) return []
  const setting = 'FunctionResponseTypes'
  const remedy = 'Set `FunctionResponseTypes: [ReportBatchItemFailures]`.'
  if (lambda.reportsItemFailures === true) {
    const detail =
      'FunctionResponseTypes is without ReportBatchItemFailures, while lambda.partial.batch.responses is true: Lambda would take the answer that names a failed record for success, and the record would be lost'
    return [refused(setting, detail, `${remedy} Or leave \`lambda.partial.batch.responses\` out.`)]
  }
  return [
    weaker(setting, {
      detail:
        'FunctionResponseTypes is without ReportBatchItemFailures: what stands in front of a record that cannot pass is written again each time that Lambda tries the batch again',
      remedy,
      except: 'without many repeats where a record cannot pass',
    }),
  ]
}

/** What Lambda gives up was not delivered, and whatever comes behind it moves the position past it. */
function givenUp({ maximumRetryAttempts, maximumRecordAge, onFailure }: EventSourceMapping): readonly MappingFinding[] {
  const told =
    onFailure === undefined
      ? 'nobody is told which ones (there is no OnFailure destination)'
      : `${onFailure} is told which ones`
  const attempts = weaker('MaximumRetryAttempts', {
    detail: `MaximumRetryAttempts is ${maximumRetryAttempts}: after so many retries Lambda gives a batch up, and its changes are not delivered; ${told}`,
    remedy: 'Set `MaximumRetryAttempts: -1`; for records that cannot pass, `errors.tolerance: all`.',
    except: `of changes that Lambda gives up after ${maximumRetryAttempts} retries`,
  })
  const age = weaker('MaximumRecordAgeInSeconds', {
    detail: `MaximumRecordAgeInSeconds is ${maximumRecordAge}: Lambda gives up what is older, so an outage of that length loses changes; ${told}`,
    remedy: 'Set `MaximumRecordAgeInSeconds: -1`.',
    except: `of changes that were ${maximumRecordAge} s old before they could be delivered`,
  })
  return [...(maximumRetryAttempts < 0 ? [] : [attempts]), ...(maximumRecordAge < 0 ? [] : [age])]
}

/** Positions pass what was never handed over. */
function filtered({ isFiltered }: EventSourceMapping): readonly MappingFinding[] {
  if (!isFiltered) return []
  return [
    weaker('FilterCriteria', {
      detail:
        'FilterCriteria is set: changes that it refuses never come to the function, and are counted nowhere; a consumer of the topic has gaps in the histories of items',
      remedy: 'Remove `FilterCriteria`; what is not wanted can be left out by the pipeline itself (`filter.*`).',
      except: 'of changes that FilterCriteria refuses',
    }),
  ]
}

/** A mapping takes minutes to be made, and where it begins cannot be changed later. */
function begunLate({ source }: MappingConfig, { startingPosition }: EventSourceMapping): readonly MappingFinding[] {
  if (startingPosition === 'TRIM_HORIZON' || startingPosition === '') return []
  // Then the pipeline itself leaves out what is older than its first start.
  if (startingPosition === 'LATEST' && source.start.kind === 'latest') return []
  return [
    weaker('StartingPosition', {
      detail: `StartingPosition is ${startingPosition}: what was written before the mapping began to poll was never handed over, though the pipeline may not have had it from anybody else`,
      remedy:
        'Make the mapping anew with `StartingPosition: TRIM_HORIZON`; `source.start` says what a first start leaves out.',
      except: 'of changes from before the mapping began to poll',
    }),
  ]
}

/** Of an alias and of the function itself, or of a Kinesis stream and of a consumer of it. */
function handedOverTwice(
  { delivery }: MappingConfig,
  others: readonly EventSourceMapping[],
): readonly MappingFinding[] {
  if (others.length === 0) return []
  const setting = 'EventSourceArn'
  const ids = others.map(({ id }) => id).join(', ')
  const remedy = `Keep one mapping of the stream: delete this one, or ${ids}.`
  const also = `the stream is also handed over by mapping ${ids}`
  if (delivery === 'at_least_once')
    return [
      weaker(setting, {
        detail: `${also}: each change is written by both`,
        remedy,
        except: 'without a copy of every change',
      }),
    ]
  const detail = `${also}: what one of them has delivered is not written again, but they take each shard from each other with every batch`
  return [{ effect: 'weaker', setting, detail, remedy }]
}

function refused(
  setting: string,
  detail: string,
  remedy: string,
  code: ErrorCode = 'LAMBDA_MAPPING_UNSAFE',
): MappingFinding {
  return { effect: 'refused', setting, detail, remedy, code }
}

function weaker(
  setting: string,
  { detail, remedy, except }: { readonly detail: string; readonly remedy: string; readonly except: string },
): MappingFinding {
  return { effect: 'weaker', setting, detail, remedy, except }
}
