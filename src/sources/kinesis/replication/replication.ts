import { mapBounded } from '../../../async/map-bounded.ts'
import { isNamePattern, matchesNamePattern } from '../../../change/name-pattern.ts'
import { AwsServiceError } from '../../../aws/aws.ts'
import type { ErrorCode } from '../../../error-catalogue.ts'
import { TailraceError } from '../../../errors.ts'
import type { SourceContext } from '../../source-context.ts'
import { listTableNames } from '../../table-names.ts'
import { describeDestination } from './destination.ts'
import type { Destination } from './destination.ts'
import { readFigures } from './replication-figures.ts'
import type { FigureInterval, ReplicationFigures } from './replication-figures.ts'

/** Which tables' way into which stream. */
export interface ReplicationSubject {
  /** The stream's plain ARN. */
  readonly streamArn: string
  /** Names, patterns and ARNs of tables. */
  readonly tables: readonly string[]
  /** Names and patterns of those that are left out all the same. */
  readonly excludedTables: readonly string[]
  /** CloudWatch is asked, too. */
  readonly hasMetrics: boolean
}

/** How a table's changes go to the stream, as far as it may be seen. */
export interface TableReplication {
  readonly table: string
  /** It is wanted by its name, so that it should go to the stream; other tables that do not are left out. */
  readonly isNamed: boolean
  /** Undefined: it could not be asked for. */
  readonly destination: Destination | 'none' | 'no-table' | undefined
  /** Undefined: it could not be asked for, or there is nothing. */
  readonly figures: ReplicationFigures | undefined
}

/** What was seen, and why the rest was not. */
export interface ReplicationView {
  readonly tables: readonly TableReplication[]
  /** The first of each kind. */
  readonly unseen: readonly TailraceError[]
  /** The figures were asked for and answered, whether there were any or not. */
  readonly hasFigures: boolean
  /** Tables that match a pattern beyond those that are looked at. */
  readonly omitted: number
}

const describesAtOnce = 4
/** Of the tables that match a pattern. An account may have thousands, and descriptions are throttled. */
const mostTables = 100

/** What makes a look incomplete instead of being waited out. */
const impatience: readonly ErrorCode[] = ['AWS_ACCESS_DENIED', 'AWS_CREDENTIALS', 'AWS_UNREACHABLE', 'AWS_RESPONSE']

/**
 * Looks at the Kinesis destinations of tables, and at what DynamoDB counts of them. What is refused or cannot be reached
 * is told as unseen; only throttles are waited out. Rejects with the signal's reason alone.
 */
export async function lookAtReplication(
  context: SourceContext,
  subject: ReplicationSubject,
  interval: FigureInterval,
  signal: AbortSignal,
): Promise<ReplicationView> {
  const impatient = { ...context, giveUpOn: [...context.giveUpOn, ...impatience] }
  const unseen = new Map<string, TailraceError>()
  const orUnseen = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work()
    } catch (error) {
      if (signal.aborted || isOwnTrouble(error)) throw error
      const told = asUnseen(error)
      // One refusal is mostly that of all tables.
      const name = `${told.code} ${String(told.details['action'])}`
      if (!unseen.has(name)) unseen.set(name, told)
      return undefined
    }
  }
  const { streamArn } = subject
  const { wanted, omitted } = await wantedTables(impatient, subject, { orUnseen, signal })
  const described = await mapBounded(wanted, describesAtOnce, async ({ table, isNamed }) => {
    const destination = await orUnseen(() => describeDestination(impatient, { table, streamArn }, signal))
    return { table, isNamed, destination }
  })
  const going = described.filter(({ isNamed, destination }) => isNamed || typeof destination === 'object')
  const names = going.filter(({ destination }) => destination !== 'no-table').map(({ table }) => table)
  const figures = subject.hasMetrics ? await orUnseen(() => readFigures(impatient, names, interval, signal)) : undefined
  const tables = going.map((one) => ({ ...one, figures: figures?.get(one.table) }))
  return { tables, unseen: [...unseen.values()], hasFigures: figures !== undefined, omitted }
}

interface WantedTable {
  readonly table: string
  readonly isNamed: boolean
}

async function wantedTables(
  context: SourceContext,
  { tables, excludedTables }: ReplicationSubject,
  parts: {
    readonly orUnseen: <T>(work: () => Promise<T>) => Promise<T | undefined>
    readonly signal: AbortSignal
  },
): Promise<{ readonly wanted: readonly WantedTable[]; readonly omitted: number }> {
  const isLeftOut = (name: string): boolean => excludedTables.some((pattern) => matchesNamePattern(pattern, name))
  const named = tables.filter((text) => !isNamePattern(text)).map(nameOf)
  const patterns = tables.filter(isNamePattern)
  const listed = patterns.length === 0 ? [] : await parts.orUnseen(() => listTableNames(context, parts.signal))
  const isMatched = (name: string): boolean => patterns.some((pattern) => matchesNamePattern(pattern, name))
  const matched = (listed ?? []).filter((name) => isMatched(name) && !named.includes(name) && !isLeftOut(name))
  const wanted = [
    ...named.filter((name) => !isLeftOut(name)).map((table) => ({ table, isNamed: true })),
    ...matched.slice(0, mostTables).map((table) => ({ table, isNamed: false })),
  ]
  return { wanted, omitted: Math.max(0, matched.length - mostTables) }
}

function nameOf(text: string): string {
  return /^arn:[^:]+:dynamodb:[^:]*:[^:]*:table\/([^/]+)$/.exec(text)?.[1] ?? text
}

function isOwnTrouble(error: unknown): boolean {
  return error instanceof TailraceError && error.policy === 'stop-worker'
}

function asUnseen(error: unknown): TailraceError {
  if (error instanceof TailraceError) return error
  if (error instanceof AwsServiceError) return new TailraceError('AWS_RESPONSE', error.message, { cause: error })
  throw error
}
