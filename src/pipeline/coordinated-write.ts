import type { Clock } from '../async/clock.ts'
import type { Table } from '../change/table.ts'
import { TailraceError } from '../errors.ts'
import type { LaneState } from '../lanes/lane-state.ts'
import type { AddressedEntry } from '../lanes/ledger-entry.ts'
import type { LaneInbox } from './lane-inbox.ts'
import { notificationsOf } from './signals/notification.ts'
import type { Notification, NotificationContext } from './signals/notification.ts'
import type { Notifier } from './signals/notifier.ts'

/** Commits entries in one transaction of lane 0, with the notifications that tell of them and those that are given. */
export type CoordinatedWrite = (
  entries: readonly AddressedEntry[],
  more?: (context: NotificationContext) => readonly Notification[],
) => Promise<void>

/**
 * The coordinator's duties decide side by side, each over the entries that it sees. Of two that decide over the same entry
 * of a table the later one is refused (DECISION_OUTDATED): it is taken anew, over what the earlier one has written.
 */
export function createCoordinatedWrite(parts: {
  readonly state: Pick<LaneState, 'tables'>
  readonly inbox: LaneInbox
  readonly clock: Clock
  /** True for tables that get no snapshot by themselves. */
  readonly isSkipping: (table: Table) => boolean
  readonly notifier: Notifier | undefined
  readonly signal: AbortSignal
}): CoordinatedWrite {
  const { state, inbox, notifier } = parts
  const versions = new Map<string, number>()
  const submit = (entries: readonly AddressedEntry[], told: readonly Notification[]): Promise<void> => {
    claimVersions(versions, entries)
    return inbox.submit(entries, notifier?.records(told))
  }
  return async (entries, more) => {
    const told = (): readonly Notification[] => {
      if (notifier === undefined) return []
      const { connector } = notifier
      const context = { connector, nowMs: parts.clock.now() }
      const contextOf = (table: Table): NotificationContext => ({ ...context, isSkipping: parts.isSkipping(table) })
      return [...derived(state, entries, contextOf), ...(more?.({ ...context, isSkipping: false }) ?? [])]
    }
    const isTelling = told().length > 0 && (await notifier?.prepare(parts.signal)) === true
    if (entries.length > 0 || isTelling) await submit(entries, isTelling ? told() : [])
  }
}

/** Each entry of a table stands in every partition; that of lane 0 stands for all. */
function derived(
  { tables }: Pick<LaneState, 'tables'>,
  entries: readonly AddressedEntry[],
  contextOf: (table: Table) => NotificationContext,
): readonly Notification[] {
  return entries.flatMap(({ lane, entry }) => {
    if (entry.kind !== 'table' || lane !== 0) return []
    const before = tables.get(entry.table.arn)
    return before !== undefined && before.version >= entry.version
      ? []
      : notificationsOf(before, entry, contextOf(entry.table))
  })
}

function claimVersions(versions: Map<string, number>, entries: readonly AddressedEntry[]): void {
  const claimed = new Map<string, number>()
  for (const { entry } of entries) {
    if (entry.kind !== 'table') continue
    const { table, version } = entry
    if ((versions.get(table.arn) ?? 0) >= version) {
      const message = `two duties of the coordinator have decided about table ${table.name} at the same moment`
      throw new TailraceError('DECISION_OUTDATED', message)
    }
    claimed.set(table.arn, version)
  }
  for (const [arn, version] of claimed) versions.set(arn, version)
}
