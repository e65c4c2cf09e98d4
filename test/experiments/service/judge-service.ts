import { judgeDelivery } from '../../../src/oracle/judge-delivery.ts'
import type { DeliveredRecord, Findings } from '../../../src/oracle/oracle.ts'
import type { RestRecord } from './rest-clients.ts'
import type { TableLife } from './table-life.ts'

/** A connector as one process shows it. */
export interface SeenConnector {
  readonly connector: { readonly state: string }
  readonly tasks: readonly { readonly state: string }[]
  readonly tables?: readonly SeenTable[]
}

/** A table as it stands in a status. */
export interface SeenTable {
  readonly table: string
  readonly state: string
  readonly reason?: string
}

/** Everything that a run showed. */
export interface ServiceEvidence {
  readonly tables: readonly JudgedTable[]
  /** What a read_committed reader was given. */
  readonly delivered: readonly DeliveredRecord[]
  readonly rest: Pick<RestRecord, 'longestOutageMs' | 'unexpected'>
  /** What did not come in time, or ended by itself: one line each. */
  readonly faults: readonly string[]
}

/** What of a table's life is judged. */
export type JudgedTable = Pick<TableLife, 'name' | 'owed' | 'contents'>

/** So long nobody may be without a useful answer. Milliseconds. */
export const longestOutageMs = 10_000

/**
 * Everything that was written into a table that has, or had, its tag is there once and in order; of a table that was made anew nothing is there
 * of its second life (a record of that is a phantom); nobody was without an answer for longer than ten seconds.
 */
export function judgeService({ tables, delivered, rest, faults }: ServiceEvidence): Findings {
  const outage = Math.round(rest.longestOutageMs)
  return judgeDelivery({
    written: tables.flatMap(({ owed }) => owed),
    delivered,
    guarantee: 'exactly_once',
    tables: new Map(tables.map(({ name, contents }) => [name, contents()])),
    hangs: [
      ...faults,
      ...rest.unexpected.map((line) => `an answer that nobody expects: ${line}`),
      ...(outage > longestOutageMs ? [`a client had only 5xx, or no answer, for ${outage} ms`] : []),
    ],
  })
}

/** What a status says otherwise than it must, one line each. `seen` undefined: there was no status. */
export function wrongStates(
  seen: SeenConnector | undefined,
  about: { readonly connector: string; readonly processes: number; readonly tables: readonly ExpectedTable[] },
): readonly string[] {
  const { connector, processes, tables } = about
  if (seen === undefined) return [`${connector} has no status`]
  const wrong: string[] = []
  if (seen.connector.state !== 'RUNNING') wrong.push(`${connector} is ${seen.connector.state}`)
  const running = seen.tasks.filter(({ state }) => state === 'RUNNING').length
  if (running !== processes || seen.tasks.length !== processes)
    wrong.push(`${connector} runs in ${running} of ${processes} processes, by ${seen.tasks.length} tasks`)
  for (const table of tables) {
    const found = seen.tables?.find(({ table: name }) => name === table.name)
    const is = found === undefined ? 'unknown' : stateOf(found)
    if (is !== table.expected) wrong.push(`${connector}: table ${table.name} is ${is}, not ${table.expected}`)
  }
  const strange = (seen.tables ?? []).filter(({ table }) => tables.every(({ name }) => name !== table))
  return [...wrong, ...strange.map(({ table }) => `${connector}: nobody tagged table ${table}`)]
}

/** What a status must say of a table. */
export type ExpectedTable = Pick<TableLife, 'name' | 'expected'>

function stateOf({ state, reason = '' }: SeenTable): string {
  return state === 'FAILED' ? (/^([A-Z_]+):/.exec(reason)?.[1] ?? state) : state
}
