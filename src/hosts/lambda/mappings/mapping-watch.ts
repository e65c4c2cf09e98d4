import { withDeadline } from '../../../async/clock.ts'
import type { Clock } from '../../../async/clock.ts'
import { untilAborted } from '../../../async/until-aborted.ts'
import type { AwsApi } from '../../../aws/aws.ts'
import { TailraceError } from '../../../errors.ts'
import type { Logger } from '../../../observe/logger.ts'
import { listMappings, streamOf } from './event-source-mapping.ts'
import type { EventSourceMapping } from './event-source-mapping.ts'
import type { WriteGate } from './gated-kafka.ts'
import { judgeMapping } from './mapping-promise.ts'
import type { MappingConfig, MappingJudgement } from './mapping-promise.ts'

/** A batch that is about to be written, and the function that has it. */
export interface Invocation {
  /** As the mapping calls it, with its version or alias. */
  readonly functionArn: string
  /** Of the stream; undefined for a batch without records. */
  readonly sourceArn: string | undefined
}

/** Knows how batches are handed over, and keeps those from being written that would lose changes. */
export interface MappingWatch {
  /**
   * Does the work of an invocation, and beside it asks Lambda what is not known yet; nothing of that outlives the work. Rejects with
   * LAMBDA_MAPPING_UNSAFE, or LAMBDA_MAPPING_UNKNOWN where the configuration wants to know: then the work's signal aborts,
   * and nothing was written that waits for `gate`.
   */
  guard<T>(invocation: Invocation, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T>
  /** Shut while it is not known whether one of the running invocations may write. */
  readonly gate: WriteGate
  /**
   * Whether an answer may name the record that failed; false if nobody knows. Where the mapping does not ask for it (any more) such
   * an answer counts as success, so what was seen more than a minute ago does not count: it is looked at again with the next
   * invocation.
   */
  reportsItemFailures(invocation: Invocation): boolean
}

/** What a watch stands on. */
export interface MappingWatchOptions {
  readonly config: MappingConfig
  readonly clock: Clock
  readonly logger: Logger
  /**
   * Lambda's API in a region. Its connection is closed after each question: a frozen process would find it cut. Rejects with
   * AWS_UNREACHABLE.
   */
  readonly open: (region: string, signal: AbortSignal) => Promise<AwsApi & AsyncDisposable>
}

/** Of one question; an answer takes a tenth of it. */
const patienceMs = 2_000
/** Mappings are changed under functions that run: what was right is looked at again so often. */
const lookAgainMs = 900_000
/** For so long nobody expects a mapping to be changed behind the back of a batch. */
const surelySoMs = 60_000
/** What was wrong may have been set right, and Lambda tries the batch again and again. */
const lookAgainAtWrongMs = 10_000
/** Lambda answers fifteen such questions a second for a whole account. */
const afterThrottlingMs = 30_000

export function createMappingWatch(options: MappingWatchOptions): MappingWatch {
  return new Watch(options)
}

type Knowledge =
  | {
      readonly kind: 'mappings'
      readonly mappings: readonly EventSourceMapping[]
      /** When it was seen, and when it was asked for last. */
      readonly seenAtMs: number
      readonly atMs: number
    }
  | { readonly kind: 'failure'; readonly error: TailraceError; readonly atMs: number }

class Watch implements MappingWatch {
  readonly #options: MappingWatchOptions
  readonly #knowledge = new Map<string, Knowledge>()
  readonly #asking = new Map<string, Promise<void>>()
  readonly #pending = new Set<Promise<void>>()
  readonly #said = new Set<string>()

  constructor(options: MappingWatchOptions) {
    this.#options = options
  }

  readonly gate: WriteGate = async (signal) => {
    if (this.#pending.size > 0) await untilAborted(Promise.all(this.#pending), signal)
    signal.throwIfAborted()
  }

  async guard<T>(invocation: Invocation, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { mappingCheck } = this.#options.config.lambda
    if (mappingCheck === 'off' || invocation.sourceArn === undefined) return work(signal)
    if (!this.#isDue(invocation)) {
      const refusal = this.#refusal(invocation)
      if (refusal !== undefined) throw refusal
      return work(signal)
    }
    const refused = new AbortController()
    const done = new AbortController()
    const judged = (async () => {
      await this.#learn(invocation.functionArn, AbortSignal.any([signal, done.signal]))
      const refusal = this.#refusal(invocation)
      if (refusal !== undefined) refused.abort(refusal)
    })()
    this.#pending.add(judged)
    try {
      return await work(AbortSignal.any([signal, refused.signal]))
    } catch (error) {
      throw refused.signal.aborted ? refused.signal.reason : error
    } finally {
      done.abort(new Error('the work is done'))
      await judged
      this.#pending.delete(judged)
    }
  }

  reportsItemFailures(invocation: Invocation): boolean {
    const { reportsItemFailures } = this.#options.config.lambda
    if (reportsItemFailures !== undefined) return reportsItemFailures
    const own = this.#mappingsOf(invocation)
    if (own.length === 0 || !own.every((mapping) => mapping.reportsItemFailures)) return false
    const known = this.#knowledge.get(invocation.functionArn)
    if (known?.kind !== 'mappings') return false
    if (this.#options.clock.monotonic() - known.seenAtMs <= surelySoMs) return true
    this.#knowledge.set(invocation.functionArn, { ...known, atMs: Number.NEGATIVE_INFINITY })
    return false
  }

  #isDue(invocation: Invocation): boolean {
    const known = this.#knowledge.get(invocation.functionArn)
    if (known === undefined) return true
    const ageMs = this.#options.clock.monotonic() - known.atMs
    if (known.kind === 'mappings')
      return ageMs > (this.#refusal(invocation) === undefined ? lookAgainMs : lookAgainAtWrongMs)
    if (this.#options.config.lambda.mappingCheck === 'required') return true
    // Where there is no way, or no right, there will be none soon, and trying costs the batch its time.
    return known.error.code === 'AWS_THROTTLED' && ageMs > afterThrottlingMs
  }

  /** One question at a time; whoever asks it may leave, and then the next one asks. */
  async #learn(functionArn: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      const asking = this.#asking.get(functionArn)
      if (asking === undefined) break
      await untilAborted(asking, signal).catch(() => undefined)
      if (signal.aborted || this.#knowledge.has(functionArn)) return
    }
    const asking = this.#ask(functionArn, signal)
    this.#asking.set(functionArn, asking)
    await asking
    this.#asking.delete(functionArn)
  }

  async #ask(functionArn: string, signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options
    try {
      const mappings = await this.#list(functionArn, signal)
      const atMs = clock.monotonic()
      this.#knowledge.set(functionArn, { kind: 'mappings', mappings, seenAtMs: atMs, atMs })
      this.#report(mappings)
    } catch (error) {
      if (signal.aborted) return
      const known = error instanceof TailraceError ? error : unexpected(error)
      // What was seen once is better than nothing.
      const before = this.#knowledge.get(functionArn)
      const atMs = clock.monotonic()
      this.#knowledge.set(
        functionArn,
        before?.kind === 'mappings' ? { ...before, atMs } : { kind: 'failure', error: known, atMs },
      )
      if (!this.#isNews(`failure ${known.code}`)) return
      const risk =
        this.#options.config.delivery === 'exactly_once' ? '; with a ParallelizationFactor over 1 it loses changes' : ''
      logger.warn(`not checked how batches are handed over${risk}: ${known.message}`, { code: known.code })
    }
  }

  async #list(functionArn: string, signal: AbortSignal): Promise<readonly EventSourceMapping[]> {
    const region = /^arn:[^:]+:lambda:([^:]+):[^:]*:function:/.exec(functionArn)?.[1]
    if (region === undefined)
      throw new TailraceError('LAMBDA_FUNCTION_UNKNOWN', `${functionArn} is no ARN of a function`)
    await using api = await this.#options.open(region, signal)
    const late = new AbortController()
    const listed = listMappings(api, { functionName: functionArn }, AbortSignal.any([signal, late.signal]))
    return await withDeadline(this.#options.clock, patienceMs, listed, () => {
      const error = new TailraceError('AWS_UNREACHABLE', 'Lambda did not say in time which mappings there are')
      late.abort(error)
      return error
    })
  }

  #report(mappings: readonly EventSourceMapping[]): void {
    const { logger } = this.#options
    for (const mapping of mappings) {
      const { id, streamArn } = mapping
      const { promise, findings } = this.#judge(mapping, mappings)
      if (!this.#isNews(JSON.stringify([id, promise, findings]))) continue
      logger.info(`mapping ${id} of ${streamArn}: ${promise}`)
      for (const { effect, detail, remedy, code } of findings) {
        const facts = { mapping: id, remedy, ...(code === undefined ? {} : { code }) }
        if (effect === 'refused') logger.error(detail, facts)
        else logger.warn(detail, facts)
      }
    }
  }

  #judge(mapping: EventSourceMapping, all: readonly EventSourceMapping[]): MappingJudgement {
    const others = all.filter(({ id, streamArn }) => id !== mapping.id && streamArn === mapping.streamArn)
    return judgeMapping(this.#options.config, mapping, others)
  }

  /** Why nothing of the batch may be written. */
  #refusal(invocation: Invocation): TailraceError | undefined {
    const { functionArn, sourceArn = '' } = invocation
    const known = this.#knowledge.get(functionArn)
    const own = this.#mappingsOf(invocation)
    for (const mapping of own) {
      const unsafe = judgeMapping(this.#options.config, mapping).findings.find(
        // That a batch lacks its shard is seen in the batch itself.
        ({ code }) => code === 'LAMBDA_MAPPING_UNSAFE',
      )
      if (unsafe !== undefined)
        return new TailraceError('LAMBDA_MAPPING_UNSAFE', `mapping ${mapping.id} of ${sourceArn}: ${unsafe.detail}`)
    }
    if (own.length > 0) return undefined
    const why =
      known?.kind === 'failure' ? known.error.message : `no event source mapping of ${functionArn} is of ${sourceArn}`
    if (this.#options.config.lambda.mappingCheck === 'required')
      return new TailraceError('LAMBDA_MAPPING_UNKNOWN', `not known how the batch is handed over: ${why}`, {
        cause: known?.kind === 'failure' ? known.error : undefined,
      })
    if (known?.kind === 'mappings' && this.#isNews(why))
      this.#options.logger.warn(`not checked how batches are handed over: ${why}`)
    return undefined
  }

  /** Those that may have handed over the batch; Lambda does not say which one it was. */
  #mappingsOf({ functionArn, sourceArn = '' }: Invocation): readonly EventSourceMapping[] {
    const known = this.#knowledge.get(functionArn)
    if (known?.kind !== 'mappings') return []
    const own = known.mappings.filter(({ streamArn }) => streamArn === streamOf(sourceArn))
    const enabled = own.filter(({ state }) => state !== 'Disabled')
    return enabled.length > 0 ? enabled : own
  }

  #isNews(text: string): boolean {
    if (this.#said.has(text)) return false
    this.#said.add(text)
    return true
  }
}

/** Nothing waits for a failure here but a batch, which goes on without having been checked. */
function unexpected(cause: unknown): TailraceError {
  return new TailraceError('INTERNAL', 'looking at the event source mappings failed unexpectedly', { cause })
}
