import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tableOf } from '../../../test/oracle/arbitrary-items.ts'
import type { AttributeValue, Item } from '../../change/attribute-value.ts'
import { createDebeziumEnvelope } from '../../envelope/debezium-envelope.ts'
import { createRowMemory } from '../../pipeline/snapshot/contained-changes.ts'
import type { RowMemory } from '../../pipeline/snapshot/contained-changes.ts'
import type { StageInput, StageOutput } from '../../pipeline/stages.ts'
import { firstEntry } from '../../pipeline/table-life.ts'
import { createJsonSerializer } from '../../serialize/json-serializer.ts'
import { createRecordStages } from './record-stages.ts'

const described = tableOf('NEW_AND_OLD_IMAGES')
const table = firstEntry(described, { topic: 'shop.orders', partitions: 3, id: 'x' }, undefined)
const stages = createRecordStages({
  envelopeFor: (one) =>
    createDebeziumEnvelope({ table: one, name: 'shop', connectorVersion: '0.0.0', tombstonesOnDelete: true }),
  serializer: createJsonSerializer({ numbers: 'exact', schemasEnable: false }),
  name: 'shop',
})
const never = new AbortController().signal
const readAtMs = 1_795_426_137_000
const limits = { maxRecordBytes: 1_000_000, nowMs: readAtMs }

type State = number | undefined

/** Two items whose histories are interleaved; states of an item may come back. Each was read after so many of its changes. */
const world = fc
  .array(fc.record({ item: fc.constantFrom('a', 'b'), state: fc.option(fc.nat(3), { nil: undefined }) }), {
    maxLength: 24,
    size: 'max',
  })
  .chain((writes) =>
    fc.record({
      changes: fc.constant(effective(writes)),
      readAfter: fc.tuple(fc.nat(24), fc.nat(24)),
      deliveredBefore: fc.tuple(fc.nat(24), fc.nat(24)),
      pageLength: fc.integer({ min: 1, max: 5 }),
    }),
  )

describe('changes behind rows that may contain them', () => {
  it('come through from the first one behind the row on, and before only where a state came back', async () => {
    let left = 0
    await fc.assert(
      fc.asyncProperty(world, async ({ changes, readAfter, deliveredBefore, pageLength }) => {
        const memory = createRowMemory(10)
        const counts = { a: 0, b: 0 }
        const behind = changes.filter(({ item }) => counts[item]++ >= begunAt(item, { readAfter, deliveredBefore }))
        for (const item of ['a', 'b'] as const)
          await remember(memory, item, stateAfter(changes, item, readOf(item, readAfter)))
        const delivered: Change[] = []
        for (let at = 0; at < behind.length; at += pageLength) {
          const page = behind.slice(at, at + pageLength)
          const output = await deliver(page, memory)
          expect(output).toMatchObject({ read: page.length, changes: page.length - output.contained })
          expect(output.last?.sequenceNumber).toBe(String(page.at(-1)?.sequence))
          left += output.contained
          delivered.push(...page.filter(({ sequence }) => sequencesOf(output).includes(sequence)))
        }
        for (const item of ['a', 'b'] as const) {
          const own = changes.filter((change) => change.item === item)
          const read = readOf(item, readAfter)
          const newer = own.slice(read)
          const shown = delivered.filter((change) => change.item === item)
          // Nothing newer is missing, in order; so the item ends as the table has it.
          expect(shown.slice(shown.length - newer.length)).toEqual(newer)
          const row = stateAfter(changes, item, read)
          // What the row contains comes through only behind a state that equals the row's.
          const repeated = shown.slice(0, shown.length - newer.length)
          const undelivered = own.slice(begunAt(item, { readAfter, deliveredBefore }), read)
          if (repeated.length > 0 && row !== undefined)
            expect(undelivered.some(({ before, after }) => before === row || after === row)).toBe(true)
          const isUnique = row !== undefined && own.filter(({ after }) => after === row).length <= 1
          if (isUnique) expect(shown).toEqual(newer)
        }
      }),
      { numRuns: 2_000 },
    )
    expect(left).toBeGreaterThan(1_000)
  })

  it('leave the row behind with whatever tells that it is caught up with, and one page is converted twice alike', async () => {
    const memory = createRowMemory(10)
    await remember(memory, 'a', 2)
    const page: readonly Change[] = [
      { item: 'a', before: 1, after: 2, sequence: 1 },
      { item: 'a', before: 2, after: 1, sequence: 2 },
      { item: 'a', before: 1, after: 3, sequence: 3 },
    ]
    const once = await deliver(page, memory, { forgets: false })
    expect(once).toMatchObject({ contained: 1, caughtUp: [identityOf('a')] })
    expect(sequencesOf(once)).toEqual([2, 3])
    expect(await deliver(page, memory, { forgets: false })).toEqual(once)
  })

  it('are looked at although they are too old to be delivered: the row is left behind there', async () => {
    const memory = createRowMemory(10)
    await remember(memory, 'a', 2)
    const page: readonly Change[] = [{ item: 'a', before: 2, after: 1, sequence: 1 }]
    expect(await deliver(page, memory, { notBeforeMs: readAtMs + 60_000 })).toMatchObject({
      changes: 0,
      contained: 0,
      read: 1,
    })
    expect(sequencesOf(await deliver([{ item: 'a', before: 1, after: 3, sequence: 2 }], memory))).toEqual([2])
  })

  it('are not left out where the stream has one image only', async () => {
    const memory = createRowMemory(10)
    await remember(memory, 'a', 2)
    for (const [image, viewType] of [
      ['OldImage', 'NEW_IMAGE'],
      ['NewImage', 'OLD_IMAGE'],
    ] as const) {
      const wire = wireOf({ item: 'a', before: 1, after: 3, sequence: 1 })
      Reflect.deleteProperty(wire.dynamodb, image)
      const blind = { ...table, table: { ...described, viewType, streamArn: viewType } }
      expect(await process([wire], memory, { table: blind, forgets: false })).toMatchObject({
        contained: 0,
        changes: 1,
      })
      // Where there should be both it is an obstacle, as ever.
      const { contained, failure } = await process([wire], memory, { forgets: false })
      expect([contained, failure?.code]).toEqual([0, 'RECORD_UNREADABLE'])
    }
  })

  it('are not left out when they cannot be compared, and need not be convertible when they are', async () => {
    const memory = createRowMemory(10)
    await remember(memory, 'a', 2)
    const broken = wireOf({ item: 'a', before: 1, after: 2, sequence: 1 })
    Object.assign(broken.dynamodb.OldImage ?? {}, { x: { X: 'y' } })
    expect((await process([broken], memory)).failure).toMatchObject({ code: 'RECORD_UNREADABLE' })
    await remember(memory, 'a', 2)
    const large = { ...limits, maxRecordBytes: 10 }
    const page = [wireOf({ item: 'a', before: 1, after: 2, sequence: 1 })]
    const input = { table, shardId: 's', records: page, notBeforeMs: undefined, rowInFront: memory.rowOf, ...large }
    expect(await stages.process(input, never)).toMatchObject({ contained: 1, failure: undefined })
  })

  it('are compared as items: sets, members and numbers in another order or notation are the same', async () => {
    const memory = createRowMemory(10)
    const image = (value: AttributeValue): Item => ({ ...keysOf('a'), value })
    const one = image({ M: { n: { N: '2000' }, s: { SS: ['x', 'y'] } } })
    const other = image({ M: { s: { SS: ['y', 'x'] }, n: { N: '2E3' } } })
    await rememberItem(memory, one)
    const wire = wireOf({ item: 'a', before: 1, after: 2, sequence: 1 })
    wire.dynamodb.NewImage = other
    expect(await process([wire], memory)).toMatchObject({ contained: 1, changes: 0 })
  })
})

describe('the images of rows', () => {
  it('are given only when they are wanted, and only of rows that come through', async () => {
    const input = {
      table,
      items: [itemOf('a', 1), itemOf('b', 1)],
      form: 'items',
      kind: 'initial',
      isFirst: false,
      isLast: false,
    } as const
    const isDisplaced = (key: Buffer): boolean => key.includes('"a"')
    expect(await stages.processRows({ ...input, readAtMs, ...limits, isDisplaced }, never)).toMatchObject({
      rows: 1,
      images: [],
    })
    const { images } = await stages.processRows({ ...input, readAtMs, ...limits, isDisplaced, withImages: true }, never)
    expect(images.map(({ item }) => item)).toEqual([identityOf('b')])
  })
})

interface Change {
  readonly item: 'a' | 'b'
  readonly before: State
  readonly after: State
  readonly sequence: number
}

/** Writes as changes: what changes nothing makes none. */
function effective(writes: readonly { readonly item: string; readonly state: State }[]): readonly Change[] {
  const present: Record<string, State> = {}
  const changes: Change[] = []
  for (const { item, state } of writes) {
    const before = present[item]
    if (before === state) continue
    present[item] = state
    changes.push({ item: item as Change['item'], before, after: state, sequence: changes.length + 1 })
  }
  return changes
}

function readOf(item: Change['item'], [a, b]: readonly [number, number]): number {
  return item === 'a' ? a : b
}

/** Nothing that the row does not contain was delivered in front of it: it would have displaced the row. */
function begunAt(
  item: Change['item'],
  parts: { readonly readAfter: readonly [number, number]; readonly deliveredBefore: readonly [number, number] },
): number {
  return Math.min(readOf(item, parts.readAfter), readOf(item, parts.deliveredBefore))
}

function stateAfter(changes: readonly Change[], item: Change['item'], count: number): State {
  return changes
    .filter((change) => change.item === item)
    .slice(0, count)
    .at(-1)?.after
}

/** As a scan shows it; an item that is not there has no row. */
async function remember(memory: RowMemory, item: Change['item'], state: State): Promise<void> {
  if (state !== undefined) await rememberItem(memory, itemOf(item, state))
}

async function rememberItem(memory: RowMemory, item: Item): Promise<void> {
  const page = {
    items: [item],
    form: 'items',
    kind: 'initial',
    isFirst: false,
    isLast: false,
    readAtMs,
    withImages: true,
  } as const
  const { images, failure } = await stages.processRows({ table, ...page, ...limits, isDisplaced: () => false }, never)
  expect(failure).toBeUndefined()
  memory.remember(images, readAtMs)
}

function deliver(
  changes: readonly Change[],
  memory: RowMemory,
  more: Partial<StageInput> & { readonly forgets?: boolean } = {},
): Promise<StageOutput> {
  return process(changes.map(wireOf), memory, more)
}

async function process(
  records: readonly unknown[],
  memory: RowMemory,
  { forgets = true, ...more }: Partial<StageInput> & { readonly forgets?: boolean } = {},
): Promise<StageOutput> {
  const rowInFront = (item: string): ReturnType<RowMemory['rowOf']> => memory.rowOf(item)
  const input = { table, shardId: 's', records, notBeforeMs: undefined, rowInFront, ...limits, ...more }
  const output = await stages.process(input, never)
  if (forgets) memory.forget(output.caughtUp)
  return output
}

function sequencesOf({ records }: StageOutput): readonly number[] {
  const name = 'tailrace.seq'
  return [...new Set(records.map(({ headers }) => Number(headers.find(([found]) => found.toString() === name)?.[1])))]
}

function keysOf(item: string): Item {
  return { pk: { S: item }, sk: { N: '1' } }
}

function itemOf(item: string, state: number): Item {
  return { ...keysOf(item), state: { N: String(state) } }
}

function identityOf(item: string): string {
  return `S1:${item}N1:1`
}

function wireOf({ item, before, after, sequence }: Change) {
  const operation = before === undefined ? 'INSERT' : after === undefined ? 'REMOVE' : 'MODIFY'
  return {
    eventID: String(sequence),
    eventName: operation,
    dynamodb: {
      ApproximateCreationDateTime: readAtMs / 1000,
      Keys: keysOf(item),
      OldImage: before === undefined ? undefined : itemOf(item, before),
      NewImage: after === undefined ? undefined : itemOf(item, after),
      SequenceNumber: String(sequence),
      SizeBytes: 1,
    } as { OldImage: Item | undefined; NewImage: Item | undefined } & Record<string, unknown>,
  }
}
