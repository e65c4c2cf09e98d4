import { AwsServiceError } from '../../../aws/aws.ts'
import type { AwsApi, AwsRequest } from '../../../aws/aws.ts'
import { isJsonObject } from '../../../aws/json-object.ts'
import type { JsonObject } from '../../../aws/json-object.ts'
import { TailraceError } from '../../../errors.ts'

/** How Lambda hands a stream over to a function, as far as that decides what can be promised. */
export interface EventSourceMapping {
  /** Lambda's UUID. */
  readonly id: string
  /** With its version or alias, if the mapping names one. */
  readonly functionArn: string
  /** Of a Kinesis stream that is pushed to a consumer, the stream's all the same. */
  readonly streamArn: string
  /** `Enabled`, `Disabled`, and what is between them. */
  readonly state: string
  /** What Lambda says of its last invocation, in words of its own. */
  readonly lastResult: string
  readonly startingPosition: string
  /** Invocations of one shard at once. */
  readonly parallelizationFactor: number
  /** -1: for ever. */
  readonly maximumRetryAttempts: number
  /** Seconds; -1: of any age. */
  readonly maximumRecordAge: number
  /** Seconds; 0: no windows. */
  readonly tumblingWindow: number
  /** True also where Lambda cannot read the filters, since they are encrypted. */
  readonly isFiltered: boolean
  readonly reportsItemFailures: boolean
  /** ARN of what is told where given-up batches are. */
  readonly onFailure: string | undefined
}

/** Which mappings are asked for: those of a function, or those of a stream to whatever function. */
export type MappingSelection =
  /** Name or ARN. One with a version or an alias has mappings of its own. */
  { readonly functionName: string } | { readonly streamArn: string }

/**
 * Lists mappings, page by page. Rejects with AWS_* as `AwsApi.call` does, with LAMBDA_FUNCTION_UNKNOWN for a function that does
 * not exist, with AWS_RESPONSE for an answer that is none.
 */
export async function listMappings(
  api: AwsApi,
  selection: MappingSelection,
  signal: AbortSignal,
): Promise<readonly EventSourceMapping[]> {
  const query: Readonly<Record<string, string>> =
    'functionName' in selection ? { FunctionName: selection.functionName } : { EventSourceArn: selection.streamArn }
  const found: EventSourceMapping[] = []
  let marker = ''
  do {
    const page = await ask(api, { ...query, ...(marker === '' ? {} : { Marker: marker }) }, signal)
    found.push(...page.mappings)
    if (page.next !== '' && page.next === marker) throw unreadable('a page names itself as the next one')
    marker = page.next
  } while (marker !== '')
  return found
}

/** Throws LAMBDA_FUNCTION_UNKNOWN in the place of what Lambda says of a function that is not there, or has no such name. */
export async function askLambda(api: AwsApi, request: LambdaRequest, signal: AbortSignal): Promise<JsonObject> {
  try {
    const answer = await api.call({ service: 'lambda', body: {}, ...request }, signal)
    if (!isJsonObject(answer)) throw unreadable(`${request.action} was not answered by an object`)
    return answer
  } catch (error) {
    if (error instanceof AwsServiceError)
      throw new TailraceError('LAMBDA_FUNCTION_UNKNOWN', error.message, { cause: error })
    throw error
  }
}

/** A question to Lambda. */
export type LambdaRequest = Pick<AwsRequest, 'action'> & { readonly get: NonNullable<AwsRequest['get']> }

async function ask(
  api: AwsApi,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<{ readonly mappings: readonly EventSourceMapping[]; readonly next: string }> {
  const get = { path: '/2015-03-31/event-source-mappings', query }
  const answer = await askLambda(api, { action: 'ListEventSourceMappings', get }, signal)
  const { EventSourceMappings: list, NextMarker: next } = answer
  if (!Array.isArray(list)) throw unreadable('ListEventSourceMappings was answered without a list')
  return { mappings: list.map(readMapping), next: textOf(next) }
}

/** Lambda leaves out, or answers with null, what nobody has set. */
function readMapping(wire: unknown): EventSourceMapping {
  if (!isJsonObject(wire)) throw unreadable('a mapping is no object')
  const { FilterCriteria: filter, FilterCriteriaError: filterError, DestinationConfig: destination } = wire
  const filters = isJsonObject(filter) ? filter['Filters'] : undefined
  const failure = isJsonObject(destination) ? destination['OnFailure'] : undefined
  const types = wire['FunctionResponseTypes']
  return {
    id: textOf(wire['UUID']),
    functionArn: textOf(wire['FunctionArn']),
    streamArn: streamOf(textOf(wire['EventSourceArn'])),
    state: textOf(wire['State']),
    lastResult: textOf(wire['LastProcessingResult']),
    startingPosition: textOf(wire['StartingPosition']),
    parallelizationFactor: numberOf(wire['ParallelizationFactor'], 1),
    maximumRetryAttempts: numberOf(wire['MaximumRetryAttempts'], -1),
    maximumRecordAge: numberOf(wire['MaximumRecordAgeInSeconds'], -1),
    tumblingWindow: numberOf(wire['TumblingWindowInSeconds'], 0),
    isFiltered: (Array.isArray(filters) && filters.length > 0) || isJsonObject(filterError),
    reportsItemFailures: Array.isArray(types) && types.includes('ReportBatchItemFailures'),
    onFailure: isJsonObject(failure) && typeof failure['Destination'] === 'string' ? failure['Destination'] : undefined,
  }
}

/** A consumer of a Kinesis stream has an ARN of its own: `…:stream/changes/consumer/tailrace:1700000000`. */
export function streamOf(sourceArn: string): string {
  return /^(arn:[^:]+:kinesis:[^:]*:[^:]*:stream\/[^/]+)\/consumer\//.exec(sourceArn)?.[1] ?? sourceArn
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** What is no number is not taken for a default: what it says must be known. */
function numberOf(value: unknown, absent: number): number {
  if (value === undefined || value === null) return absent
  if (typeof value === 'number' && Number.isInteger(value)) return value
  throw unreadable('a mapping has a setting that is no whole number')
}

function unreadable(why: string): TailraceError {
  return new TailraceError('AWS_RESPONSE', `Lambda's answer cannot be read: ${why}`)
}
