import type { Clock } from '../../async/clock.ts'
import { inTime } from '../../async/in-time.ts'
import type { Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import type { Source } from '../source.ts'
import { findInParts } from './combined-search.ts'
import type { SourcePart } from './source-part.ts'

/** What several sources become one with. */
export interface CombinedSourceOptions {
  /** At least one. Of two that mean the same region and account the first one counts. */
  readonly parts: readonly SourcePart[]
  readonly clock: Clock
  /** Hears of each part that a search for tables leaves out, because it does not answer. Must not throw. */
  readonly onSilence?: (error: TailraceError) => void
}

/** How long one part may take to answer what others wait for: a question, or all pages of a listing. */
const answerMs = 30_000
const listingMs = 120_000

/**
 * The tables of several regions and accounts as one source. Tables, streams and shards are told apart by their ARNs, so each
 * request goes to the part of its region and account. A part that does not answer holds up nothing but its own tables: what
 * others wait for rejects with AWS_UNREACHABLE after a while, and is asked for again by whoever asked.
 */
export function createCombinedSource({ parts, clock, onSilence = () => {} }: CombinedSourceOptions): Source {
  const partOf = (arn: string): SourcePart => partOfArn(parts, arn) ?? refuse(arn)
  const search = findInParts(parts, { clock, waitMs: answerMs, onSilence })
  const asked = async <T>(
    part: SourcePart,
    ms: number,
    work: (signal: AbortSignal) => Promise<T>,
    outer: AbortSignal,
  ): Promise<T> => {
    if (search.isSilent(part)) throw silence(part, ms)
    return await inTime(clock, { ms, late: () => silence(part, ms) }, outer, work)
  }
  const byName = (name: string, signal: AbortSignal): Promise<Table> => tableOfName(parts, name, signal)

  return {
    findTables: search.findTables,
    whyAbsent: async (table, signal) => {
      const part = partOfArn(parts, table.arn)
      if (part === undefined || isForeign(table, part, search.accountOf(part)))
        return { kind: 'unselected', reason: 'source.accounts does not name its region and account' }
      // Of a part that is silent nothing can be told.
      if (search.isSilent(part)) return 'unknown'
      try {
        return await asked(part, answerMs, async (within) => part.source.whyAbsent?.(table, within), signal)
      } catch (error) {
        if (signal.aborted || !(error instanceof TailraceError) || error.policy !== 'retry') throw error
        // Nor is it asked about each of its other tables for as long.
        search.noteSilence(part)
        return 'unknown'
      }
    },
    describeTable: async (nameOrArn, signal) => {
      if (!nameOrArn.startsWith('arn:')) return await byName(nameOrArn, signal)
      const part = partOf(nameOrArn)
      return await asked(part, answerMs, (within) => part.source.describeTable(nameOrArn, within), signal)
    },
    listShards: (streamArn, signal) => {
      const part = partOfArn(parts, streamArn)
      if (part === undefined) return Promise.reject(noPart(streamArn))
      return asked(part, listingMs, (within) => part.source.listShards(streamArn, within), signal)
    },
    // The lanes' own questions: nobody but the shard's children waits for them.
    childShards: async (streamArn, shardId, signal) => partOf(streamArn).source.childShards(streamArn, shardId, signal),
    hasShard: async (streamArn, shardId, signal) => {
      const part = partOf(streamArn)
      return await asked(part, answerMs, (within) => part.source.hasShard(streamArn, shardId, within), signal)
    },
    openShard: (position) => {
      const part = partOfArn(parts, position.streamArn)
      if (part === undefined) return { read: () => Promise.reject(noPart(position.streamArn)) }
      return part.source.openShard(position)
    },
    scanPage: async (position, signal) => partOf(position.table.arn).source.scanPage(position, signal),
    tableSize: async (nameOrArn, signal) => {
      const arn = nameOrArn.startsWith('arn:') ? nameOrArn : (await byName(nameOrArn, signal)).arn
      const part = partOf(arn)
      return await asked(part, answerMs, (within) => part.source.tableSize(arn, within), signal)
    },
  }
}

/** The part of an ARN's region and account: one whose role is of that account before one that says none. */
export function partOfArn(parts: readonly SourcePart[], arn: string): SourcePart | undefined {
  const [, region, account] = /^arn:[^:]+:dynamodb:([^:]*):([^:]*):/.exec(arn) ?? []
  // DynamoDB Local's tables are in no region of the real world.
  const ofRegion = parts.filter((part) => part.region === region || region === 'ddblocal')
  return ofRegion.find((part) => part.account === account) ?? ofRegion.find((part) => part.account === undefined)
}

/** True for a table of another account than the part that its ARN leads to, which says no account by itself. */
function isForeign({ arn, account }: Table, part: SourcePart, known: string | undefined): boolean {
  return known !== undefined && known !== account && !part.tables.includes(arn)
}

/** A name says too little if there are several of it. */
async function tableOfName(parts: readonly SourcePart[], name: string, signal: AbortSignal): Promise<Table> {
  const outcomes = await Promise.allSettled(parts.map(({ source }) => source.describeTable(name, signal)))
  const found = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  const [table, other] = found
  if (table !== undefined && other === undefined) return table
  if (table === undefined)
    throw outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))[0]
  const arns = found.map(({ arn }) => arn).join(', ')
  throw new TailraceError('TABLE_NOT_FOUND', `There are several tables ${name}; name one by its ARN: ${arns}`)
}

function silence({ title }: SourcePart, ms: number): TailraceError {
  return new TailraceError('AWS_UNREACHABLE', `${title} did not answer within ${ms / 1000} s`)
}

function noPart(arn: string): TailraceError {
  return new TailraceError('TABLE_NOT_FOUND', `source.accounts does not name the region and account of ${arn}`)
}

function refuse(arn: string): never {
  throw noPart(arn)
}
