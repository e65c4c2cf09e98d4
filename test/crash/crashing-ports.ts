import type { GroupMembership } from '../../src/kafka/group-membership.ts'
import type { Source } from '../../src/sources/source.ts'
import type { ReachCrashPoint } from './crash-point.ts'

/** Wraps a source: what it is asked for and what it answered. */
export function sourceWithCrashPoints(source: Source, reach: ReachCrashPoint): Source {
  return {
    ...source,
    describeTable: async (name, signal) => {
      await reach('describe-table.before')
      const table = await source.describeTable(name, signal)
      await reach('describe-table.after')
      return table
    },
    findTables: async (signal, listener) => {
      await reach('describe-table.before')
      const tables = await source.findTables(signal, listener)
      await reach('describe-table.after')
      return tables
    },
    listShards: async (streamArn, signal) => {
      await reach('list-shards.before')
      const listing = await source.listShards(streamArn, signal)
      await reach('list-shards.after')
      return listing
    },
    childShards: async (streamArn, shardId, signal) => {
      await reach('find-children.before')
      const children = await source.childShards(streamArn, shardId, signal)
      await reach('find-children.after')
      return children
    },
    scanPage: async (position, signal) => {
      await reach('scan-page.before')
      const page = await source.scanPage(position, signal)
      await reach('scan-page.after')
      return page
    },
    openShard: (position) => {
      const reader = source.openShard(position)
      return {
        read: async (signal) => {
          await reach('read-page.before')
          const page = await reader.read(signal)
          await reach('read-page.after')
          return page
        },
        [Symbol.asyncDispose]: async () => {
          await reader[Symbol.asyncDispose]?.()
        },
      }
    },
  }
}

/** Wraps a membership: in front of and behind an assignment's hand-out, and around leaving. */
export function membershipWithCrashPoints(membership: GroupMembership, reach: ReachCrashPoint): GroupMembership {
  return {
    owns: (partition) => membership.owns(partition),
    assignments: async function* assignments(signal) {
      for await (const assignment of membership.assignments(signal)) {
        await reach('assignment.before')
        yield assignment
        await reach('assignment.after')
      }
    },
    [Symbol.asyncDispose]: async () => {
      await reach('leave-group.before')
      await membership[Symbol.asyncDispose]()
      await reach('leave-group.after')
    },
  }
}
