import type { Table } from '../../change/table.ts'
import { tagConditionText } from '../../change/table-tags.ts'
import type { TailraceError } from '../../errors.ts'
import { isNamePattern, matchesNamePattern } from '../../change/name-pattern.ts'
import type { TagSearch } from '../discovery/tag-search.ts'
import type { SearchListener } from '../source.ts'
import { withoutPatienceForRights } from '../source-context.ts'
import type { SourceContext } from '../source-context.ts'
import { listTableNames } from '../table-names.ts'
import { describeTable, isAboutTable } from './describe-table.ts'
import { nothingMatches, selects } from './table-selection.ts'
import type { TableSelection } from './table-selection.ts'

/** DescribeTable is limited per account, and tables can be many. */
const describesAtOnce = 8

/** What a search goes on with: where it asks, what is wanted, who hears of the rest. */
interface Search {
  readonly context: SourceContext
  readonly selection: TableSelection
  readonly listener: SearchListener
  readonly signal: AbortSignal
}

/**
 * The tables that names, patterns and tags mean now, each once, ordered by name. A named table that does not exist or cannot
 * be read is an error; a table that only matches a pattern is left out with an event, as is one that may not be looked at; but a
 * pattern that yields nothing is an error too. Where tags are wanted a table must have them and match, and only that nothing is left
 * is an error. Tables are listed (dynamodb:ListTables) only if there is a pattern.
 */
export async function findTables(
  context: SourceContext,
  selection: TableSelection,
  { signal, listener = {} }: { readonly signal: AbortSignal; readonly listener?: SearchListener | undefined },
): Promise<readonly Table[]> {
  const search: Search = { context, selection, listener, signal }
  if (selection.tables.length === 0) return []
  const { tags } = selection
  const found = tags === undefined ? await byName(search) : await byTags(search, tags)
  const each = new Map(found.map((table) => [table.arn, table]))
  return [...each.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function byName(search: Search): Promise<readonly Table[]> {
  const { context, selection, signal } = search
  const named = selection.tables.filter((text) => !isNamePattern(text))
  const patterns = selection.tables.filter(isNamePattern)
  const found = (await inBatches(search, named, (name) => describeNamed(search, name))).flat()

  const candidates = patterns.length === 0 ? [] : await listTableNames(context, signal)
  const matching = candidates.filter((name) => patterns.some((pattern) => matchesNamePattern(pattern, name)))
  const unreadable: Unreadable[] = []
  for (const outcome of await inBatches(search, matching, (name) => describeIfReadable(search, name))) {
    if (outcome.kind === 'table') found.push(outcome.table)
    else unreadable.push(outcome)
  }
  for (const outcome of unreadable) skip(search, outcome)
  for (const pattern of patterns) {
    if (found.some((table) => matchesNamePattern(pattern, table.name))) continue
    const left = unreadable.filter(({ name }) => matchesNamePattern(pattern, name))
    unmatched(search, pattern, left)
  }
  return found
}

async function byTags(search: Search, tags: TagSearch): Promise<readonly Table[]> {
  const { selection, signal } = search
  const arns = await tags.list(signal)
  const outcomes = arns === undefined ? await eachByItsTags(search, tags) : await ofListed(search, arns)
  const found = outcomes.flatMap((outcome) => (outcome.kind === 'table' ? [outcome.table] : []))
  const unreadable = outcomes.filter((outcome) => outcome.kind === 'unreadable')
  for (const outcome of unreadable) skip(search, outcome)
  if (found.length === 0)
    unmatched(search, [...selection.tables, ...tags.conditions.map(tagConditionText)].join(', '), unreadable)
  return found
}

async function ofListed(search: Search, arns: ReadonlySet<string>): Promise<readonly Described[]> {
  const wanted = [...arns].map((arn) => ({ arn, name: nameOf(arn) }))
  const matching = wanted.filter((table) => selects(search.selection.tables, table)).map(({ name }) => name)
  return await inBatches(search, matching, (name) => describeIfReadable(search, name))
}

/** Every table that matches is asked for its tags; those that lack them are not worth a word. */
async function eachByItsTags(search: Search, tags: TagSearch): Promise<readonly Described[]> {
  const { context, selection, signal } = search
  const names = selection.tables.some(isNamePattern) ? await listTableNames(context, signal) : []
  const named = selection.tables.filter((text) => !isNamePattern(text)).map(nameOf)
  const patterns = selection.tables.filter(isNamePattern)
  const matching = new Set([
    ...named,
    ...names.filter((name) => patterns.some((pattern) => matchesNamePattern(pattern, name))),
  ])
  const outcomes = await inBatches(search, [...matching], async (name): Promise<readonly Described[]> => {
    const outcome = await describeIfReadable(search, name)
    // One of the same name in another account may be what an ARN means.
    if (outcome.kind === 'table' && !selects(selection.tables, outcome.table)) return []
    const arn = outcome.kind === 'table' ? outcome.table.arn : outcome.arn
    // What it may be tagged with nobody can tell.
    if (outcome.kind === 'unreadable' && outcome.error.code === 'AWS_ACCESS_DENIED') return [outcome]
    if (arn === undefined) return []
    try {
      return (await tags.missing(arn, signal)) === undefined ? [outcome] : []
    } catch (error) {
      if (!isAboutTable(error)) throw error
      return [{ kind: 'unreadable', name, arn, error }]
    }
  })
  return outcomes.flat()
}

async function describeNamed(search: Search, name: string): Promise<readonly Table[]> {
  const { context, selection, listener, signal } = search
  // Where nobody hears that it is missing, nothing begins without it.
  const asking = listener.missing === undefined ? context : withoutPatienceForRights(context)
  try {
    return [await describeTable(asking, selection, name, signal)]
  } catch (error) {
    if (!isAboutTable(error) || listener.missing === undefined) throw error
    listener.missing(error)
    return []
  }
}

/** A table, or one that cannot be read now, and why. */
type Described = { readonly kind: 'table'; readonly table: Table } | Unreadable

interface Unreadable {
  readonly kind: 'unreadable'
  readonly name: string
  /** Undefined if there is no such table. */
  readonly arn: string | undefined
  readonly error: TailraceError
}

async function describeIfReadable({ context, selection, signal }: Search, name: string): Promise<Described> {
  try {
    return { kind: 'table', table: await describeTable(withoutPatienceForRights(context), selection, name, signal) }
  } catch (error) {
    if (!isAboutTable(error)) throw error
    const arn = error.code === 'TABLE_NOT_FOUND' ? undefined : error.details['table']
    return { kind: 'unreadable', name, arn: typeof arn === 'string' ? arn : undefined, error }
  }
}

function skip({ context, listener }: Search, { name, arn, error }: Unreadable): void {
  context.emit({ kind: 'table-skipped', table: name, code: error.code })
  const { code, message } = error
  listener.skipped?.({ name, ...(arn === undefined ? {} : { arn }), code, message })
}

/** Nothing is left of what a pattern, or tags, may mean. A right that is missing is told rather than that. */
function unmatched({ listener, selection }: Search, what: string, left: readonly Unreadable[]): void {
  const denied = left.find(({ error }) => error.code === 'AWS_ACCESS_DENIED')?.error
  const error = nothingMatches(what, selection.region, denied)
  const hear = listener.unmatched ?? listener.missing
  if (hear === undefined) throw error
  hear(error)
}

function nameOf(nameOrArn: string): string {
  return nameOrArn.slice(nameOrArn.indexOf('/') + 1)
}

async function inBatches<In, Out>(
  { listener }: Search,
  inputs: readonly In[],
  work: (input: In) => Promise<Out>,
): Promise<Out[]> {
  const one = async (input: In): Promise<Out> => {
    const result = await work(input)
    listener.advanced?.()
    return result
  }
  const results: Out[] = []
  for (let i = 0; i < inputs.length; i += describesAtOnce) {
    results.push(...(await Promise.all(inputs.slice(i, i + describesAtOnce).map(one))))
  }
  return results
}
