import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import { untilAborted } from '../../async/until-aborted.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { TailraceError } from '../../errors.ts'
import type { KafkaApi } from '../../kafka/kafka.ts'
import type { ConnectorEntry } from '../../service/service-state.ts'
import type { LedgerAccess } from '../ledger/ledger-access.ts'
import { openPipelineLedger } from '../ledger/pipeline-ledger.ts'
import type { PipelineLedger, PipelineLedgerView } from '../ledger/pipeline-ledger.ts'
import { waitOut } from './wait-out.ts'

/** What sights are made with. */
export interface LedgerSightsOptions {
  readonly clock: Clock
  readonly rng: Rng
  /** The pipeline that an entry means, its secrets fetched. */
  readonly load: (entry: ConnectorEntry, signal: AbortSignal) => Promise<PipelineConfig>
  /** Its cluster; the service's own where it is the same. Disposed with the sight if it is `own`. */
  readonly openKafka: (config: PipelineConfig) => { readonly kafka: KafkaApi; readonly isOwn: boolean }
}

/** Looks into the ledgers of connectors, whoever runs them, and remembers what was read of each. */
export interface LedgerSights extends AsyncDisposable {
  /** The ledger as it is now, or was a second ago; undefined before the pipeline's first start. Rejects as `readPipelineLedger`. */
  look(entry: ConnectorEntry, signal: AbortSignal): Promise<PipelineLedger | undefined>
  /** Does `work` with cluster and configuration, for whoever asks a pipeline for something; the connection stays open until it has ended. */
  access<T>(entry: ConnectorEntry, work: (access: LedgerAccess) => Promise<T>, signal: AbortSignal): Promise<T>
}

/** Answers of so long ago are good enough. Milliseconds. */
const freshMs = 1_000
/** Ledgers that nobody looked at for so long are forgotten. */
const forgetMs = 60_000

/** Makes one that has seen nothing. */
export function createLedgerSights(options: LedgerSightsOptions): LedgerSights {
  const { clock, rng } = options
  const sights = new Map<string, Sight>()
  const closing = new AbortController()
  const forget = (name: string): Promise<void> => {
    const sight = sights.get(name)
    sights.delete(name)
    return sight === undefined ? Promise.resolve() : sight.close()
  }
  const sightOf = (entry: ConnectorEntry): Sight => {
    const nowMs = clock.monotonic()
    for (const [name, sight] of sights) if (nowMs - sight.usedAtMs > forgetMs) void forget(name)
    const known = sights.get(entry.name)
    if (known?.configId === entry.configId) {
      known.usedAtMs = nowMs
      return known
    }
    void forget(entry.name)
    const made = new Sight(entry, options, closing.signal)
    sights.set(entry.name, made)
    return made
  }
  return {
    look: (entry, signal) => sightOf(entry).look(signal),
    access: (entry, work, signal) =>
      sightOf(entry).use(({ config, kafka }) => work({ config, kafka, clock, rng }), signal),
    [Symbol.asyncDispose]: async () => {
      closing.abort(new Error('the service is stopping'))
      await Promise.all([...sights.keys()].map(forget))
    },
  }
}

interface Reached {
  readonly config: PipelineConfig
  readonly kafka: KafkaApi
}

/** A reading of the ledger that has begun. */
interface Reading {
  readonly begunAtMs: number
  readonly ledger: Promise<PipelineLedger | undefined>
  /** `failed` may be tried again at once. */
  state: 'running' | 'read' | 'failed'
}

/**
 * One connector's ledger. Several who look at the same time share one reading, and one more that follows it where that began too long ago: however
 * slowly a ledger is read, nobody waits for more than two. What one of them waits for no more goes on for the others.
 */
class Sight {
  usedAtMs: number
  readonly configId: string
  readonly #entry: ConnectorEntry
  readonly #options: LedgerSightsOptions
  readonly #signal: AbortSignal
  readonly #over = new AbortController()
  readonly #users = new Set<Promise<unknown>>()
  #reached: Promise<Reached & { readonly isOwn: boolean }> | undefined
  #view: PipelineLedgerView | undefined
  #reading: Reading | undefined
  /** Follows a reading that is running. */
  #next: Promise<PipelineLedger | undefined> | undefined

  constructor(entry: ConnectorEntry, options: LedgerSightsOptions, closing: AbortSignal) {
    this.configId = entry.configId
    this.usedAtMs = options.clock.monotonic()
    this.#entry = entry
    this.#options = options
    this.#signal = AbortSignal.any([closing, this.#over.signal])
  }

  use<T>(work: (reached: Reached) => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#held(this.#reach(signal).then(work))
  }

  look(signal: AbortSignal): Promise<PipelineLedger | undefined> {
    return this.#held(untilAborted(this.#newest(), signal))
  }

  /** Whoever uses the connection ends first, and the connection then. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#users)
    this.#over.abort(new Error('the connector was changed'))
    const reached = await this.#reached?.catch(() => undefined)
    await Promise.allSettled([this.#reading?.ledger, this.#next])
    if (reached?.isOwn === true) await reached.kafka[Symbol.asyncDispose]()
  }

  async #held<T>(use: Promise<T>): Promise<T> {
    this.#users.add(use)
    try {
      return await use
    } finally {
      this.#users.delete(use)
    }
  }

  async #reach(signal: AbortSignal): Promise<Reached> {
    this.#reached ??= this.#open()
    const reached = this.#reached
    // What failed once may work the next time: a secret, a service.
    reached.catch(() => (this.#reached = undefined))
    return untilAborted(reached, signal)
  }

  #newest(): Promise<PipelineLedger | undefined> {
    const reading = this.#reading
    if (reading === undefined || reading.state === 'failed') return this.#begin()
    if (this.#options.clock.monotonic() - reading.begunAtMs < freshMs) return reading.ledger
    if (reading.state === 'read') return this.#begin()
    const begin = (): Promise<PipelineLedger | undefined> => this.#begin()
    return (this.#next ??= reading.ledger.then(begin, begin))
  }

  #begin(): Promise<PipelineLedger | undefined> {
    this.#next = undefined
    const ledger = this.#read()
    const reading: Reading = { begunAtMs: this.#options.clock.monotonic(), ledger, state: 'running' }
    this.#reading = reading
    ledger.then(
      () => (reading.state = 'read'),
      () => {
        reading.state = 'failed'
        this.#view = undefined
      },
    )
    return ledger
  }

  async #open(): Promise<Reached & { readonly isOwn: boolean }> {
    const config = await this.#options.load(this.#entry, this.#signal)
    return { config, ...this.#options.openKafka(config) }
  }

  async #read(): Promise<PipelineLedger | undefined> {
    const { config, kafka } = await this.#reach(this.#signal)
    try {
      return await waitOut(this.#options, () => this.#refresh({ config, kafka }), this.#signal)
    } catch (error) {
      if (error instanceof TailraceError && error.code === 'PIPELINE_UNKNOWN') return undefined
      throw error
    }
  }

  /** A view of which one reading has failed is of no use. */
  async #refresh({ config, kafka }: Reached): Promise<PipelineLedger> {
    const view = this.#view ?? (await openPipelineLedger(config, kafka, this.#signal))
    this.#view = undefined
    const ledger = await view.refresh(this.#signal)
    this.#view = view
    return ledger
  }
}
