import type { SimulatorState } from './simulator-state.ts'
import { ServiceError } from './service-error.ts'

/** What an iterator token says. It holds everything, so that the simulator keeps no list of them. */
export interface ShardIteratorToken {
  readonly streamArn: string
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

/** The token's text on the wire. */
export function encodeIterator(token: ShardIteratorToken): string {
  return Buffer.from(JSON.stringify(Object.values(token))).toString('base64url')
}

/** Reads a token. Throws ExpiredIteratorException or, for a text that is no token, ValidationException. */
export function decodeIterator(state: SimulatorState, text: string): ShardIteratorToken {
  const token = parse(text)
  if (token === undefined) throw new ServiceError('ValidationException', 'Invalid ShardIterator')
  const isOld = state.clock.now() - token.issuedAtMs > state.settings.iteratorLifetimeMs
  if (isOld || token.generation < state.iteratorGeneration) {
    throw new ServiceError('ExpiredIteratorException', 'The shard iterator has expired.')
  }
  return token
}

function parse(text: string): ShardIteratorToken | undefined {
  try {
    const fields: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    if (!Array.isArray(fields) || fields.length !== 7) return undefined
    const [streamArn, shardId, ...numbers] = fields.map(String)
    const [index, previousIndex, emptyPages, issuedAtMs, generation] = numbers.map(Number)
    if (streamArn === undefined || shardId === undefined || index === undefined || previousIndex === undefined)
      return undefined
    if (emptyPages === undefined || issuedAtMs === undefined || generation === undefined) return undefined
    return { streamArn, shardId, index, previousIndex, emptyPages, issuedAtMs, generation }
  } catch {
    // Anything that is not a token of ours is an invalid iterator.
    return undefined
  }
}
