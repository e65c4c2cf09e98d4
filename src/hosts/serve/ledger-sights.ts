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
  /** Cluster and configuration, for whoever asks a pipeline for something. */
  access(entry: ConnectorEntry, signal: AbortSignal): Promise<LedgerAccess>
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
    access: async (entry, signal) => {
      const { config, kafka } = await sightOf(entry).reach(signal)
      return { config, kafka, clock, rng }
    },
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

/** One connector's ledger. Several who look at the same time share one reading; what one of them waits for no more goes on for the others. */
class Sight {
  usedAtMs: number
  readonly configId: string
  readonly #entry: ConnectorEntry
  readonly #options: LedgerSightsOptions
  readonly #signal: AbortSignal
  readonly #over = new AbortController()
  #reached: Promise<Reached & { readonly isOwn: boolean }> | undefined
  #view: PipelineLedgerView | undefined
  #reading: Promise<PipelineLedger | undefined> | undefined
  #readAtMs = -Infinity

  constructor(entry: ConnectorEntry, options: LedgerSightsOptions, closing: AbortSignal) {
    this.configId = entry.configId
    this.usedAtMs = options.clock.monotonic()
    this.#entry = entry
    this.#options = options
    this.#signal = AbortSignal.any([closing, this.#over.signal])
  }

  async reach(signal: AbortSignal): Promise<Reached> {
    this.#reached ??= this.#open()
    const reached = this.#reached
    // What failed once may work the next time: a secret, a service.
    reached.catch(() => (this.#reached = undefined))
    return untilAborted(reached, signal)
  }

  async look(signal: AbortSignal): Promise<PipelineLedger | undefined> {
    const isFresh = this.#options.clock.monotonic() - this.#readAtMs < freshMs
    if (this.#reading === undefined || !isFresh) {
      this.#readAtMs = this.#options.clock.monotonic()
      const reading = (this.#reading ?? Promise.resolve()).then(
        () => this.#read(),
        () => this.#read(),
      )
      this.#reading = reading
      reading.catch(() => {
        this.#view = undefined
        this.#readAtMs = -Infinity
      })
    }
    return untilAborted(this.#reading, signal)
  }

  async close(): Promise<void> {
    this.#over.abort(new Error('the connector was changed'))
    const reached = await this.#reached?.catch(() => undefined)
    await this.#reading?.catch(() => undefined)
    if (reached?.isOwn === true) await reached.kafka[Symbol.asyncDispose]()
  }

  async #open(): Promise<Reached & { readonly isOwn: boolean }> {
    const config = await this.#options.load(this.#entry, this.#signal)
    return { config, ...this.#options.openKafka(config) }
  }

  async #read(): Promise<PipelineLedger | undefined> {
    const { config, kafka } = await this.reach(this.#signal)
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
