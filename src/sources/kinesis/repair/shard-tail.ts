import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { compareIds } from './arrival.ts'

/**
 * Which records of a shard are dealt with (delivered, or dropped by rule) and which are held back. Up to `base` all are
 * dealt with but a few stragglers; behind it each record has a bit.
 */
export interface ShardTail {
  /** The next record of the shard. */
  add(id: string): TailPlace
  /** Where reading must begin to see everything that is held back again; undefined if nothing is. */
  readonly firstHeld: string | undefined
  snapshot(): TailNote
}

/** The place of one record. */
export interface TailPlace {
  readonly id: string
  readonly isDealtWith: boolean
  deal(): void
}

/** A tail as it is written down. */
export interface TailNote {
  /** Undefined: there is nothing in front of the bits. */
  readonly base: string | undefined
  readonly stragglers: readonly string[]
  /** The records behind `base`: how many, the first and the last of them, and a bit for each that is dealt with. */
  readonly count: number
  readonly first: string | undefined
  readonly last: string | undefined
  /** Base64 of the deflated bits, lowest first; empty if none is dealt with. */
  readonly bits: string
}

/** A name costs as much as so many bits: a record that is held back becomes a straggler if as many behind it are dealt with. */
const bitsOfName = 512

class Place implements TailPlace {
  readonly id: string
  readonly #onDealtWith: (place: Place) => void
  isDealtWith = false

  constructor(id: string, onDealtWith: (place: Place) => void) {
    this.id = id
    this.#onDealtWith = onDealtWith
  }

  deal(): void {
    if (this.isDealtWith) return
    this.isDealtWith = true
    this.#onDealtWith(this)
  }
}

/** A tail that begins behind `base`. */
export function createShardTail(base: string | undefined): ShardTail {
  return new PlacesOfShard(base)
}

class PlacesOfShard implements ShardTail {
  #base: string | undefined
  #places: Place[] = []
  #head = 0
  readonly #stragglers = new Set<Place>()
  readonly #onDealtWith = (place: Place): void => {
    if (this.#stragglers.size > 0) this.#stragglers.delete(place)
  }

  constructor(base: string | undefined) {
    this.#base = base
  }

  add(id: string): TailPlace {
    const place = new Place(id, this.#onDealtWith)
    this.#places.push(place)
    return place
  }

  get firstHeld(): string | undefined {
    this.#advance()
    const [straggler] = this.#stragglers
    return straggler?.id ?? this.#places[this.#head]?.id
  }

  snapshot(): TailNote {
    this.#advance()
    const open = this.#places.slice(this.#head)
    return {
      base: this.#base,
      stragglers: [...this.#stragglers].map(({ id }) => id),
      count: open.length,
      first: open[0]?.id,
      last: open.at(-1)?.id,
      bits: encodeBits(open.map(({ isDealtWith }) => isDealtWith)),
    }
  }

  #advance(): void {
    for (;;) {
      const place = this.#places[this.#head]
      if (place === undefined || (!place.isDealtWith && !this.#isAlone())) break
      if (!place.isDealtWith) this.#stragglers.add(place)
      this.#base = place.id
      this.#head++
    }
    if (this.#head <= 1024 || this.#head * 2 <= this.#places.length) return
    this.#places = this.#places.slice(this.#head)
    this.#head = 0
  }

  #isAlone(): boolean {
    const first = this.#head + 1
    for (let at = first; at < first + bitsOfName; at++) if (this.#places[at]?.isDealtWith !== true) return false
    return true
  }
}

/** What a note says of the records of its shard, asked in their order. `unknown`: it was written before the record was read. */
export type NotedState = 'dealt-with' | 'held' | 'unknown'

/** Tells what a note says of records. */
export interface TailReading {
  /** To be asked of each record once, in the order of the shard. */
  stateOf(id: string): NotedState
  /** True if each record that was held back has been met by now, and every bit stood for the record that it was written for. */
  readonly isWhole: boolean
}

export function createTailReading({ base, stragglers, bits: text, count, first }: TailNote): TailReading {
  const missing = new Set(stragglers)
  const bits = decodeBits(text, count)
  let at = 0
  let held = bits.filter((isDealtWith) => !isDealtWith).length
  let isAligned = true
  return {
    stateOf: (id) => {
      if (base !== undefined && compareIds(id, base) <= 0) return missing.delete(id) ? 'held' : 'dealt-with'
      if (at >= bits.length) return 'unknown'
      if (at === 0 && id !== first) isAligned = false
      if (bits[at++] === true) return 'dealt-with'
      held--
      return 'held'
    },
    get isWhole() {
      return isAligned && held === 0 && missing.size === 0
    },
  }
}

function encodeBits(bits: readonly boolean[]): string {
  if (!bits.includes(true)) return ''
  const bytes = Buffer.alloc(Math.ceil(bits.length / 8))
  bits.forEach((bit, at) => {
    if (bit) bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (1 << (at & 7))
  })
  return deflateRawSync(bytes).toString('base64')
}

function decodeBits(text: string, count: number): readonly boolean[] {
  if (text === '') return Array.from({ length: count }, () => false)
  const bytes = inflateRawSync(Buffer.from(text, 'base64'))
  return Array.from({ length: count }, (_, at) => ((bytes[at >> 3] ?? 0) & (1 << (at & 7))) !== 0)
}
