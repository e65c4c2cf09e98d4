import { expect, test } from 'vitest'
import { tableOf } from '../../test/oracle/arbitrary-items.ts'
import type { ProducerRecord } from '../kafka/kafka.ts'
import type { AddressedEntry, TableEntry } from '../lanes/ledger-entry.ts'
import { createCoordinatedWrite } from './coordinated-write.ts'
import { createNotifier } from './signals/notifier.ts'
import { firstEntry } from './table-life.ts'

const known = firstEntry(tableOf('NEW_IMAGE'), { topic: 'orders', partitions: 1, id: 'x' }, undefined)
const inAll = (entry: TableEntry): readonly AddressedEntry[] => [0, 1].map((lane) => ({ lane, entry }))
const clock = { now: () => 5, monotonic: () => 5, sleep: () => Promise.resolve() }
const { signal } = new AbortController()

function openWrite(notifier?: ReturnType<typeof createNotifier>) {
  const submitted: { entries: readonly AddressedEntry[]; told: readonly ProducerRecord[] }[] = []
  const tables = new Map<string, TableEntry>()
  const submit = (entries: readonly AddressedEntry[], told: readonly ProducerRecord[] = []): Promise<void> => {
    submitted.push({ entries, told })
    for (const { entry } of entries) if (entry.kind === 'table') tables.set(entry.table.arn, entry)
    return Promise.resolve()
  }
  const write = createCoordinatedWrite({
    state: { tables },
    inbox: { submit },
    clock,
    isSkipping: () => true,
    notifier,
    signal,
  })
  return { write, submitted }
}

test('of two decisions over one entry the later one is refused, and may be taken anew', async () => {
  const { write, submitted } = openWrite()
  await write(inAll(known))
  await write(inAll({ ...known, version: 2, topicId: 'first' }))
  await expect(write(inAll({ ...known, version: 2, topicId: 'second' }))).rejects.toMatchObject({
    code: 'DECISION_OUTDATED',
  })
  await write(inAll({ ...known, version: 3, topicId: 'second' }))
  expect(submitted).toHaveLength(3)
})

test('what a table’s step has to tell goes with it, once for all partitions', async () => {
  const onEvent = (): void => {}
  const { write, submitted } = openWrite(
    createNotifier({ topic: 'told', connector: 'shop', provide: () => Promise.resolve(), onEvent }),
  )
  await write(inAll(known))
  await write([], () => [])
  expect(submitted).toHaveLength(1)
  expect(submitted[0]?.entries).toHaveLength(2)
  expect(submitted[0]?.told.map(({ value }) => JSON.parse(String(value)))).toMatchObject([{ type: 'SKIPPED' }])
})
