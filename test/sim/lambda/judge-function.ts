import { compareSequenceNumbers } from '../../../src/change/sequence-number.ts'
import type { MappingCounters } from '../../servers/event-source-mapping/mapping.ts'
import { member } from '../../servers/stream-simulator/simulator-client.ts'
import type { FunctionMappings } from './function-mappings.ts'
import type { FunctionWorldPlan } from './function-plan.ts'
import type { Invocation, SimulatedFunction } from './simulated-function.ts'

/** What answers and repetitions of a run are judged by. */
export interface InvocationCase {
  readonly plan: FunctionWorldPlan
  readonly lambda: SimulatedFunction
  readonly mappings: FunctionMappings
  /** Records that could not pass until they were mended. */
  readonly poisoned: ReadonlySet<string>
  readonly mendedAtMs: number
  /** By what they stand for. */
  readonly delivered: readonly string[]
}

/** What is wrong with the answers, one line each. */
export function judgeInvocations(judged: InvocationCase): readonly string[] {
  return [...judgeAnswers(judged), ...judgeIsolation(judged), ...judgeRepeats(judged), ...judgeDiscards(judged)]
}

/**
 * A function that answers has dealt with everything in front of the record that it names, which is the lowest that cannot pass;
 * where it may name none, it does not answer at all.
 *
 * @yields One line for each violation.
 */
function* judgeAnswers({ plan, lambda, poisoned, mendedAtMs }: InvocationCase): Generator<string> {
  const namesRecords = plan.delivery === 'at_least_once' && plan.lambda.hasPartialResponses
  for (const invocation of lambda.invocations) {
    if (invocation.result?.kind !== 'answer') continue
    const { startedAtMs, endedAtMs, records } = invocation
    // Of an old event, the position may cover by now what could not pass.
    if (startedAtMs < mendedAtMs && endedAtMs > mendedAtMs) continue
    const named = namedIn(invocation)
    const isPoison = (record: string): boolean => startedAtMs < mendedAtMs && poisoned.has(record)
    const lowest = lowestOf(records.filter(isPoison).map(numberOf))
    if (named.length === 0 && lowest === undefined) continue
    const [only] = named
    const isRight = namesRecords && named.length === 1 && lowest !== undefined && only === lowest
    if (!isRight) yield `an answer names ${named.join(', ') || 'nothing'}, and the lowest poison is ${lowest ?? 'none'}`
  }
}

/**
 * With bisection, each record that cannot pass is alone after a few invocations in which it was not.
 *
 * @yields One line for each violation.
 */
function* judgeIsolation({ plan, lambda }: InvocationCase): Generator<string> {
  const { settings, faults, hasPartialResponses } = plan.lambda
  const isCalm = Object.values(faults).every((chance) => chance === 0)
  if (!isCalm || !hasPartialResponses || !settings.bisectBatchOnFunctionError) return
  const most = Math.ceil(Math.log2(settings.batchSize)) + 1
  const counts = new Map<string, number>()
  for (const invocation of lambda.invocations)
    if (invocation.records.length > 1)
      for (const number of namedIn(invocation)) {
        const named = invocation.records.find((record) => numberOf(record) === number) ?? number
        counts.set(named, (counts.get(named) ?? 0) + 1)
      }
  for (const [record, count] of counts)
    if (count > most) yield `poison ${record} was ${count} times in company, and ${most} would have been enough`
}

/**
 * Nothing is there more often than the function may have written it.
 *
 * @yields One line for each violation.
 */
function* judgeRepeats({ lambda, delivered }: InvocationCase): Generator<string> {
  const attempts = new Map<string, number>()
  for (const invocation of lambda.invocations)
    for (const record of invocation.records) attempts.set(record, (attempts.get(record) ?? 0) + invocation.attempts)
  const occurrences = new Map<string, number>()
  for (const record of delivered) occurrences.set(record, (occurrences.get(record) ?? 0) + 1)
  for (const [record, count] of occurrences)
    if (count > (attempts.get(record) ?? 0))
      yield `${record} is there ${count} times, after ${attempts.get(record) ?? 0} attempts`
}

function* judgeDiscards({ mappings }: InvocationCase): Generator<string> {
  const counted = totalOf(mappings.counters, 'recordsDiscarded')
  if (counted !== mappings.noticed) yield `${counted} records were discarded, and notices were of ${mappings.noticed}`
}

/** Of all mappings. */
export function totalOf(counters: readonly MappingCounters[], name: Exclude<keyof MappingCounters, 'faults'>): number {
  return counters.reduce((sum, one) => sum + one[name], 0)
}

function namedIn({ result }: Invocation): readonly string[] {
  const failures = result?.kind === 'answer' ? member(result.body, 'batchItemFailures') : undefined
  return Array.isArray(failures) ? failures.map((failure) => String(member(failure, 'itemIdentifier'))) : []
}

function numberOf(record: string): string {
  return record.slice(record.lastIndexOf(' ') + 1)
}

function lowestOf(numbers: readonly string[]): string | undefined {
  return numbers.toSorted(compareSequenceNumbers)[0]
}
