import { expect, it } from 'vitest'
import type { Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import type { LaneSession } from '../../lanes/lane-session.ts'
import { createLaneFold } from '../../lanes/lane-state.ts'
import type { LaneFold } from '../../lanes/lane-state.ts'
import type { IdentityEntry, LedgerEntry } from '../../lanes/ledger-entry.ts'
import { createManualClock } from '../../../test/servers/stream-simulator/manual-clock.ts'
import { firstEntry } from '../table-life.ts'
import type { PushedBatch } from './pushed-batch.ts'
import { createReadyLedger } from './ready-ledger.ts'
import type { HeldShard } from './ready-ledger.ts'

const signal = new AbortController().signal
const identity: IdentityEntry = {
  kind: 'identity',
  pipeline: 'shop',
  clusterId: 'cluster',
  topicId: 'ledger',
  lanes: 4,
  epoch: 1,
  fingerprint: 'abc',
}
const table: Table = {
  arn: 'table',
  name: 'orders',
  id: 'id',
  region: 'eu-central-1',
  account: '123456789012',
  streamArn: 'stream',
  viewType: 'NEW_AND_OLD_IMAGES',
  keySchema: [{ name: 'id', type: 'S' }],
}
const topic = { name: 'shop.orders', id: 'topic', partitions: 1 }
const whole: readonly LedgerEntry[] = [
  identity,
  { kind: 'way', version: 1, way: 'lambda', atMs: 0 },
  firstEntry(table, { topic: topic.name, partitions: 1, id: 'topic' }, undefined),
]
const batch: PushedBatch = { streamArn: 'stream', tableArn: 'table', tableName: 'orders', shardId: 'a', records: [] }
const fenced = new TailraceError('KAFKA_FENCED', 'somebody was quicker')

interface Course {
  /** What settling does, each time; nothing more is undefined. */
  readonly settles: readonly ('writes' | TailraceError)[]
  readonly isTaken?: boolean
  /** Somebody else writes the rest while it is waited for. */
  readonly others?: boolean
}

/** A ledger in which something happens, and what was done about it, in order. */
function ledgerIn({ settles, isTaken = false, others = false }: Course) {
  const done: string[] = []
  const left = [...settles]
  let isWritten = false
  const write = (fold: LaneFold): void => whole.forEach((entry) => void fold.apply({ kind: 'entry', entry }))
  const sessionOf = (): LaneSession => {
    done.push('take')
    const fold = createLaneFold()
    if (isWritten) write(fold)
    return {
      lane: 1,
      state: fold.state,
      fate: 'aborted',
      follow: () => {
        if (isWritten) write(fold)
        return Promise.resolve(isWritten)
      },
      commit: () => Promise.reject(new Error('nobody commits here')),
      [Symbol.asyncDispose]: () => Promise.resolve(void done.push('let go')),
    }
  }
  const settle = (): Promise<void> => {
    const next = left.shift()
    done.push('settle')
    if (next instanceof TailraceError) return Promise.reject(next)
    isWritten = true
    return Promise.resolve()
  }
  const ledger = createReadyLedger({
    identity,
    taker: { take: () => Promise.resolve(sessionOf()) },
    firstStart: { prepare: () => Promise.resolve(void done.push('prepare')).then(() => ({ settle })) },
    topics: {
      nameOf: () => topic.name,
      look: () => Promise.resolve(topic),
      refuseCollisions: () => undefined,
      refusalOf: () => undefined,
      refuseReserved: () => undefined,
      provide: unused,
      provideOwn: unused,
      provideRouted: unused,
    },
    turn: {
      isTaken: () => Promise.resolve(isTaken),
      untilTurn: async ({ attempt }, isDone) => {
        done.push(`wait ${attempt}`)
        isWritten ||= others
        return isDone(signal)
      },
    },
    clock: createManualClock(),
  })
  const take = (): Promise<HeldShard> => ledger.take(batch, signal)
  return { done, take }
}

function unused(): Promise<never> {
  return Promise.reject(new Error('that is the business of a first start'))
}

it('writes what is missing, and takes the shard anew', async () => {
  const { done, take } = ledgerIn({ settles: ['writes'] })
  expect((await take()).table.topic).toBe(topic.name)
  expect(done).toEqual(['take', 'prepare', 'settle', 'let go', 'take'])
})

it('waits for its turn whenever it was fenced, without preparing anew', async () => {
  const { done, take } = ledgerIn({ settles: [fenced, fenced, 'writes'] })
  await take()
  expect(done).toEqual(['take', 'prepare', 'settle', 'wait 0', 'settle', 'wait 1', 'settle', 'let go', 'take'])
})

it('fences nobody who is writing, and goes on with its shard when that is done', async () => {
  const { done, take } = ledgerIn({ settles: [], isTaken: true, others: true })
  await take()
  expect(done).toEqual(['take', 'prepare', 'wait 0'])
})

it('lets the shard go when something else fails', async () => {
  const { done, take } = ledgerIn({ settles: [new TailraceError('TOPIC_MISSING', 'no topic')] })
  await expect(take()).rejects.toMatchObject({ code: 'TOPIC_MISSING' })
  expect(done).toEqual(['take', 'prepare', 'settle', 'let go'])
})
