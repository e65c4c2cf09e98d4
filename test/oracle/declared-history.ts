import type { AttributeValue, Item } from '../../src/change/attribute-value.ts'
import type { ChangeEvent, Operation, SnapshotMark } from '../../src/change/change-event.ts'
import type { Table } from '../../src/change/table.ts'
import { tableOf } from './arbitrary-items.ts'
import { scaled } from './exact-json.ts'
import { createItemSource } from './seeded-items.ts'
import type { ItemSource, ItemSourceOptions } from './seeded-items.ts'

/** The life of a table: its changes in order, and what it holds behind the last of them. */
export interface DeclaredHistory {
  /** Hash key `pk` (S), range key `sk` (N), both images. */
  readonly table: Table
  readonly events: readonly ChangeEvent[]
  /** By `rowIdentity`. */
  readonly rows: ReadonlyMap<string, Item>
}

/**
 * Items whose attributes have the types below, as an application's would, so that a reader with declared columns can
 * hold them: texts are hostile, numbers long. Any attribute may be missing or NULL, and one item in three also has
 * attributes of any type that nobody declared.
 */
const attributes: Readonly<Record<string, (source: ItemSource) => AttributeValue>> = {
  name: (source) => ({ S: source.text(60) }),
  total: (source) => ({ N: money(source) }),
  count: (source) => ({ N: String(wholeNumber(source)) }),
  ratio: (source) => ({ N: String(Math.fround(source.rng.next() - 0.5)) }),
  done: (source) => ({ BOOL: source.rng.next() < 0.5 }),
  photo: (source) => ({ B: source.binary() }),
  tags: (source) => ({ SS: distinct(source, () => source.text(12)) }),
  sizes: (source) => ({ NS: distinct(source, () => String(wholeNumber(source))) }),
  blobs: (source) => ({ BS: distinct(source, () => source.binary()) }),
  parts: (source) => ({ L: several(source, () => ({ S: source.text(12) })) }),
  address: (source) => ({
    M: { city: { S: source.text(20) }, zip: { S: source.text(6) }, floor: { N: String(below(source, 200) - 20) } },
  }),
  labels: (source) => ({
    M: Object.fromEntries(several(source, () => [source.name(), { S: source.text(12) }])),
  }),
}

/** The declared attributes, keys first. */
export const declaredNames: readonly string[] = ['pk', 'sk', ...Object.keys(attributes)]

/** A history of exactly `changes` changes. The same seed and options give the same one. */
export function makeHistory(seed: number, changes: number, options?: ItemSourceOptions): DeclaredHistory {
  const life = new TableLife(createItemSource(seed, options), Math.ceil(changes / 12))
  const events = Array.from({ length: changes }, () => life.next())
  return { table: life.table, events, rows: life.rows }
}

/** One text for one row, however its number is written. */
export function rowIdentity(pk: string, sk: string): string {
  return `${scaled(sk)} ${pk}`
}

class TableLife {
  readonly table = tableOf('NEW_AND_OLD_IMAGES')
  readonly rows = new Map<string, Item>()
  readonly #source: ItemSource
  readonly #keys: readonly Item[]
  readonly #seen = new Set<string>()
  #sequence = 10n ** 20n
  #nowMs = 1_795_426_137_000

  constructor(source: ItemSource, items: number) {
    this.#source = source
    this.#keys = Array.from({ length: items }, (_, index) => ({
      // Some share the hash key, some have hostile texts.
      pk: { S: index % 3 === 0 ? `customer-${index % 30}` : `${source.text(10)}${index}` },
      sk: { N: index % 4 === 0 ? `${index}.25` : String(index) },
    }))
  }

  next(): ChangeEvent {
    const keys = this.#keys[below(this.#source, this.#keys.length)] ?? {}
    const identity = identityOf(keys)
    const held = this.rows.get(identity)
    const event = held === undefined ? this.#begin(keys, identity) : this.#goOn(keys, held)
    this.#seen.add(identity)
    if (event.operation === 'REMOVE') this.rows.delete(identity)
    else if (event.newImage !== undefined) this.rows.set(identity, event.newImage)
    return event
  }

  /** An item that is not there: written anew, or found by the snapshot before anything else was heard of it. */
  #begin(keys: Item, identity: string): ChangeEvent {
    const newImage = this.#image(keys)
    if (!this.#seen.has(identity) && this.#source.rng.next() < 0.4) return this.#row('READ', keys, newImage, 'true')
    return this.#change('INSERT', keys, undefined, newImage)
  }

  /** An item that is there: changed, deleted, expired, read again by a snapshot, or found missing by one. */
  #goOn(keys: Item, held: Item): ChangeEvent {
    const dice = this.#source.rng.next()
    if (dice < 0.66) return this.#change('MODIFY', keys, held, this.#changed(held))
    if (dice < 0.86) return this.#change('REMOVE', keys, held, undefined)
    if (dice < 0.9) return { ...this.#change('REMOVE', keys, held, undefined), userIdentity: timeToLive }
    if (dice < 0.97) return this.#row('READ', keys, held, 'incremental')
    return this.#row('REMOVE', keys, undefined, 'incremental')
  }

  #image(keys: Item): Item {
    const declared = Object.entries(attributes)
      .filter(() => this.#source.rng.next() < 0.8)
      .map(([name, make]): [string, AttributeValue] => [name, this.#orNull(make)])
    const more = this.#source.rng.next() < 1 / 3 ? Object.entries(this.#source.item()) : []
    return Object.fromEntries([...more, ...Object.entries(keys), ...declared])
  }

  #changed(held: Item): Item {
    const rest = Object.entries(held)
    const [name, make] = Object.entries(attributes)[below(this.#source, Object.keys(attributes).length)] ?? []
    const without = rest.filter(([other]) => other !== name)
    if (name === undefined || make === undefined || this.#source.rng.next() < 0.2) return Object.fromEntries(without)
    return Object.fromEntries([...without, [name, this.#orNull(make)]])
  }

  #orNull(make: (source: ItemSource) => AttributeValue): AttributeValue {
    return this.#source.rng.next() < 0.05 ? { NULL: true } : make(this.#source)
  }

  #change(operation: Operation, keys: Item, oldImage: Item | undefined, newImage: Item | undefined): ChangeEvent {
    this.#sequence += BigInt(1 + below(this.#source, 1_000))
    return {
      operation,
      keys,
      oldImage,
      newImage,
      eventId: this.#sequence.toString(16),
      shardId: 'shardId-00000001795426137710-6c8358a2',
      sequenceNumber: String(this.#sequence),
      createdAtMs: this.#tick(),
      userIdentity: undefined,
      sizeBytes: 100,
      snapshot: undefined,
    }
  }

  #row(operation: 'READ' | 'REMOVE', keys: Item, newImage: Item | undefined, snapshot: SnapshotMark): ChangeEvent {
    const change = this.#change(operation, keys, undefined, newImage)
    return { ...change, eventId: '', shardId: '', sequenceNumber: '', snapshot }
  }

  #tick(): number {
    this.#nowMs += 1000 * below(this.#source, 3)
    return this.#nowMs
  }
}

const timeToLive = { type: 'Service', principalId: 'dynamodb.amazonaws.com' }

function identityOf(keys: Item): string {
  const { pk, sk } = keys
  return rowIdentity(pk !== undefined && 'S' in pk ? pk.S : '', sk !== undefined && 'N' in sk ? sk.N : '0')
}

/** At most 28 digits in front of the point and 10 behind it: DECIMAL(38, 10). */
function money(source: ItemSource): string {
  const whole = BigInt(below(source, 1_000_000_000)) ** BigInt(1 + below(source, 3))
  const cents = below(source, 1_000_000) * 10_000 + 1
  const sign = below(source, 4) === 0 ? '-' : ''
  return below(source, 3) === 0 ? `${sign}${whole}` : `${sign}${whole}.${String(cents).padStart(10, '0')}`
}

/** All the whole numbers of 64 bits. */
function wholeNumber(source: ItemSource): bigint {
  const high = BigInt(below(source, 2 ** 31)) - 2n ** 30n
  return below(source, 2) === 0 ? high : high * 2n ** 33n + BigInt(below(source, 2 ** 32))
}

function distinct(source: ItemSource, make: () => string): string[] {
  return [...new Set([make(), ...several(source, make)])]
}

function several<Element>(source: ItemSource, make: () => Element): Element[] {
  return Array.from({ length: below(source, 5) }, make)
}

function below(source: ItemSource, bound: number): number {
  return Math.trunc(source.rng.next() * bound)
}
