import type { MappedRecord } from './mapped-stream.ts'

/** Up to where a shard's records are all done, whichever of its sub-lanes they went. */
export interface Checkpoint {
  /** The last number up to which nothing is outstanding; undefined before the first. */
  readonly position: string | undefined
  readonly isSettled: boolean
  readonly outstanding: number
  /** A record was read; in the shard's order. */
  expect(record: MappedRecord): void
  /** Records need no delivery any more. Those that were done before do not count again; returns how many do. */
  settle(records: readonly MappedRecord[]): number
}

/** At a position, with nothing outstanding. */
export function createCheckpoint(start: string | undefined): Checkpoint {
  const read: string[] = []
  const open = new Set<string>()
  let position = start
  let head = 0
  const advance = (): void => {
    for (; head < read.length; head++) {
      const number = read[head]
      if (number === undefined || open.has(number)) break
      position = number
    }
    if (head > 1_000) read.splice(0, head)
    if (head > 1_000) head = 0
  }
  return {
    get position() {
      return position
    },
    get isSettled() {
      return open.size === 0
    },
    get outstanding() {
      return open.size
    },
    expect: ({ sequenceNumber }) => {
      read.push(sequenceNumber)
      open.add(sequenceNumber)
    },
    settle: (records) => {
      const settled = records.filter(({ sequenceNumber }) => open.delete(sequenceNumber)).length
      advance()
      return settled
    },
  }
}
