import type { FetchedRecord } from '../../../src/kafka/kafka.ts'
import { connectorOfKey, decodeServiceRecord } from '../../../src/service/service-codec.ts'
import type { ConnectorEntry } from '../../../src/service/service-state.ts'
import type { Partition } from '../kafka/cluster-state.ts'
import { committedReader } from '../world/output-scan.ts'
import type { AskedChange } from './service-clients.ts'
import { decideChange, journal } from './service-change.ts'
import { topics } from './simulated-service-process.ts'

/** One committed transaction of a service's log. */
export interface LoggedChange {
  readonly revision: number
  readonly process: string
  readonly put: readonly ConnectorEntry[]
  readonly removed: readonly string[]
  /** Of the change that it carries out; undefined if it only says who leads. */
  readonly token: string | undefined
}

/** All committed transactions, in the order of the log, from before any compaction. */
export function readLog(partition: Partition): readonly LoggedChange[] {
  const found: { revision: number; process: string; put: ConnectorEntry[]; removed: string[] }[] = []
  committedReader(partition)((record: FetchedRecord) => {
    if (record.value === null) {
      found.at(-1)?.removed.push(connectorOfKey(record.key?.toString() ?? '') ?? '?')
      return
    }
    const read = decodeServiceRecord(record, topics.log)
    if (read.kind === 'head') found.push({ process: read.process, revision: read.revision, put: [], removed: [] })
    else if (read.kind === 'connector') found.at(-1)?.put.push(read.entry)
  })
  return found.map((one) => ({ ...one, token: one.put.find(({ name }) => name === journal)?.config['token'] }))
}

/** What a sequential service would hold after these changes, and everything that is wrong with them; each in one line. */
export function judgeLog(
  logged: readonly LoggedChange[],
  asked: readonly AskedChange[],
): { readonly state: ReadonlyMap<string, ConnectorEntry>; readonly wrong: readonly string[] } {
  const wrong: string[] = []
  const byToken = new Map(asked.map((change) => [change.wanted.token, change]))
  const state = new Map<string, ConnectorEntry>()
  const positions = new Map<string, number>()
  for (const [index, { revision, token, put, removed }] of logged.entries()) {
    if (revision !== index + 1) wrong.push(`transaction ${index + 1} says that it is ${revision}: two decided at once`)
    if (token === undefined) continue
    const change = byToken.get(token)
    if (change === undefined || positions.has(token)) {
      wrong.push(`${token} was ${change === undefined ? 'never asked for' : 'carried out twice'}`)
      continue
    }
    positions.set(token, index)
    const expected = expectedOf(state, change)
    if (expected !== textOf(put, removed)) wrong.push(`${token} wrote ${textOf(put, removed)} instead of ${expected}`)
    for (const name of removed) state.delete(name)
    for (const entry of put) state.set(entry.name, entry)
  }
  for (const change of asked) wrong.push(...judgeAnswer(change, positions))
  wrong.push(...judgeOrder(asked, positions), ...judgeSight(asked, positions))
  return { state, wrong }
}

function expectedOf(state: ReadonlyMap<string, ConnectorEntry>, { wanted }: AskedChange): string {
  try {
    const { change } = decideChange(state, wanted)
    return textOf(change.put, change.remove)
  } catch (error) {
    return String(error)
  }
}

function textOf(put: readonly ConnectorEntry[], removed: readonly string[]): string {
  return JSON.stringify([put, removed])
}

function judgeAnswer({ wanted, outcome }: AskedChange, positions: ReadonlyMap<string, number>): readonly string[] {
  const { token, kind } = wanted
  const isThere = positions.has(token)
  if (outcome === 'answered' && !isThere && kind !== 'look') return [`${token} was answered and is lost`]
  if ((outcome === 'refused' || outcome === 'denied') && isThere) return [`${token} was ${outcome} and is there`]
  return []
}

/** Whoever is told that there is nothing to change, or no such connector, was told so by somebody who knew all that was answered before. */
function judgeSight(asked: readonly AskedChange[], positions: ReadonlyMap<string, number>): readonly string[] {
  const wrong: string[] = []
  for (const { wanted, outcome, seen, askedAtMs } of asked) {
    const isSight = outcome === 'denied' || (outcome === 'answered' && wanted.kind === 'look')
    if (!isSight) continue
    const missed = asked.find(
      (one) =>
        one.outcome === 'answered' &&
        one.endedAtMs < askedAtMs &&
        (positions.get(one.wanted.token) ?? -1) >= (seen?.revision ?? 0),
    )
    if (missed !== undefined) wrong.push(`${wanted.token} was ${outcome} without knowing ${missed.wanted.token}`)
  }
  return wrong
}

/** What was answered before something else was asked for stands in front of it. */
function judgeOrder(asked: readonly AskedChange[], positions: ReadonlyMap<string, number>): readonly string[] {
  const wrong: string[] = []
  const inLog = asked.filter(({ wanted }) => positions.has(wanted.token))
  for (const first of inLog) {
    if (first.outcome !== 'answered') continue
    const behind = inLog.find(
      (second) =>
        second.askedAtMs > first.endedAtMs &&
        (positions.get(second.wanted.token) ?? 0) < (positions.get(first.wanted.token) ?? 0),
    )
    if (behind !== undefined)
      wrong.push(`${behind.wanted.token} overtook ${first.wanted.token}, which was answered before`)
  }
  return wrong
}
