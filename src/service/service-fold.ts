import { TailraceError } from '../errors.ts'
import type { FetchedRecord } from '../kafka/kafka.ts'
import { connectorOfKey, decodeServiceRecord } from './service-codec.ts'
import type { ServiceRecord } from './service-codec.ts'
import type { ConnectorEntry, ServiceState } from './service-state.ts'

/** What the records of a service's log say together: of each key the one with the greatest offset counts, as compaction has it. */
export interface ServiceFold {
  /** Another object after each change. */
  readonly state: ServiceState
  /** The process that wrote last; undefined before the first transaction. */
  readonly writer: string | undefined
  /** True while nothing was read that stays. */
  readonly isEmpty: boolean
  /** See `ServiceLog.trouble`: of what was read so far, which must be all that there was at some moment. */
  readonly trouble: TailraceError | undefined
  /** True if anything of the above is another one now. Never throws: what cannot be read leaves what is known of its key, and is `trouble`. */
  apply(records: readonly FetchedRecord[]): boolean
}

/** Folds the log of a group, from its beginning. */
export function createServiceFold(log: { readonly group: string; readonly topic: string }): ServiceFold {
  return new LogFold(log)
}

class LogFold implements ServiceFold {
  readonly #log: { readonly group: string; readonly topic: string }
  readonly #offsets = new Map<string, bigint>()
  readonly #unreadable = new Map<string, TailraceError>()
  readonly #connectors = new Map<string, ConnectorEntry>()
  #group: string | undefined
  #head: { readonly process: string; readonly revision: number } | undefined
  #state: ServiceState = { revision: 0, connectors: new Map() }

  constructor(log: { readonly group: string; readonly topic: string }) {
    this.#log = log
  }

  get state(): ServiceState {
    return this.#state
  }

  get writer(): string | undefined {
    return this.#head?.process
  }

  get isEmpty(): boolean {
    return (
      this.#connectors.size === 0 &&
      this.#unreadable.size === 0 &&
      this.#group === undefined &&
      this.#head === undefined
    )
  }

  get trouble(): TailraceError | undefined {
    const { group, topic } = this.#log
    if (this.#group === undefined && !this.isEmpty) {
      return new TailraceError('SERVICE_LOG_FOREIGN', `${topic} holds records, but is the log of no service`)
    }
    if (this.#group !== undefined && this.#group !== group) {
      return new TailraceError('SERVICE_LOG_FOREIGN', `${topic} is the log of service ${this.#group}, not of ${group}`)
    }
    return this.#unreadable.values().next().value
  }

  apply(records: readonly FetchedRecord[]): boolean {
    let hasChanged = false
    for (const record of records) hasChanged = this.#take(record) || hasChanged
    if (hasChanged) this.#state = { revision: this.#head?.revision ?? 0, connectors: new Map(this.#connectors) }
    return hasChanged
  }

  #take(record: FetchedRecord): boolean {
    const key = record.key?.toString() ?? ''
    if (record.offset < (this.#offsets.get(key) ?? -1n)) return false
    this.#offsets.set(key, record.offset)
    const wasUnreadable = this.#unreadable.delete(key)
    if (record.value === null) return this.#forget(key) || wasUnreadable
    try {
      this.#put(decodeServiceRecord(record, this.#log.topic))
    } catch (error) {
      if (!(error instanceof TailraceError)) throw error
      this.#unreadable.set(key, error)
    }
    return true
  }

  #forget(key: string): boolean {
    if (key !== 'identity') return this.#connectors.delete(connectorOfKey(key) ?? '')
    this.#group = undefined
    return true
  }

  #put(record: ServiceRecord): void {
    if (record.kind === 'identity') this.#group = record.group
    else if (record.kind === 'head') this.#head = record
    else this.#connectors.set(record.entry.name, record.entry)
  }
}
