import { ServiceError } from '../stream-simulator/service-error.ts'
import type { KinesisState } from './kinesis-state.ts'

/** What an iterator says. It holds everything, so that the simulator keeps no list of them. */
export interface KinesisIterator {
  readonly stream: string
  /** Of the stream's creation: another stream of the name does not know the iterator. */
  readonly streamCreatedAtMs: number
  readonly shardId: string
  /** Index of the next record, counted from the shard's first one, trimmed ones included. */
  readonly index: number
  /** Where the page before began. */
  readonly previousIndex: number
  /** Empty pages that are still to come before records. */
  readonly emptyPages: number
  readonly issuedAtMs: number
  readonly generation: number
}

/** The iterator's text on the wire. */
export function encodeIterator(iterator: KinesisIterator): string {
  return Buffer.from(JSON.stringify(iterator)).toString('base64')
}

/** Reads an iterator. Throws ExpiredIteratorException or, for a text that is no iterator, InvalidArgumentException. */
export function decodeIterator(state: KinesisState, text: string): KinesisIterator {
  const iterator = parse(text)
  if (iterator === undefined) throw new ServiceError('InvalidArgumentException', 'Invalid ShardIterator.')
  const isOld = state.now() - iterator.issuedAtMs > state.settings.iteratorLifetimeMs
  if (isOld || iterator.generation < state.iteratorGeneration)
    throw new ServiceError('ExpiredIteratorException', 'Iterator expired.')
  return iterator
}

function parse(text: string): KinesisIterator | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64').toString())
    return isIterator(value) ? value : undefined
  } catch {
    // Anything that is not of ours is an invalid iterator.
    return undefined
  }
}

function isIterator(value: unknown): value is KinesisIterator {
  return typeof value === 'object' && value !== null && 'generation' in value && 'shardId' in value
}
