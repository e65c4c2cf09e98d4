import { describe, expect, it } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import type { Item } from '../../src/change/attribute-value.ts'
import { readToEnd, refusalOf, setUpExports } from '../servers/export-setup.ts'
import { writeExport } from '../servers/export-writer.ts'
import type { ExportPlan, WrittenExport } from '../servers/export-writer.ts'
import { createMemoryObjectStore } from '../servers/memory-object-store.ts'
import { createFaultyObjects, objectFaultKinds } from './object-faults.ts'
import type { FaultyObjectStore, ObjectFaultKind } from './object-faults.ts'

const never = new AbortController().signal
const timeMs = 1_700_000_000_000
const item = (n: number): Item => ({ id: { S: `item-${n}` }, p: { S: 'x'.repeat(n * 50) } })
const plan: ExportPlan = {
  bucket: 'exports',
  exportId: '01700000000000-a1b2c3d4',
  tableArn: 'arn:aws:dynamodb:eu-west-1:123456789012:table/orders',
  tableId: 'id-1',
  format: 'DYNAMODB_JSON',
  content: { kind: 'full', timeMs, files: [[item(1), item(2)], [], [item(3)], []] },
}

/** What each fault is found as, by those who look. */
const foundAs: Readonly<Record<Exclude<ObjectFaultKind, 'broken-body'>, string>> = {
  'missing-file': 'EXPORT_MISSING',
  'missing-manifest': 'EXPORT_MISSING',
  'missing-file-list': 'EXPORT_MISSING',
  'truncated-file': 'EXPORT_INVALID',
  'flipped-bit': 'EXPORT_INVALID',
  'partial-list': 'EXPORT_INVALID',
  'repeated-file': 'EXPORT_INVALID',
  'cut-list': 'EXPORT_INVALID',
  overlap: 'EXPORT_GAP',
  hole: 'EXPORT_GAP',
  'earlier-table': 'EXPORT_FOREIGN',
}

interface Damaged {
  readonly written: WrittenExport
  readonly objects: FaultyObjectStore
  readonly heal: () => void
  readonly readAll: () => Promise<readonly unknown[]>
}

async function damage(kind: ObjectFaultKind): Promise<Damaged> {
  const store = createMemoryObjectStore()
  const written = await writeExport(store.put, plan)
  let isHealed = false
  const isOn = (key: string): boolean => !isHealed && key.startsWith(`AWSDynamoDB/${plan.exportId}`)
  const objects = createFaultyObjects(store, [{ kind, isOn }], seededRng(5))
  const { exports } = setUpExports({ objects })
  const readAll = async (): Promise<readonly unknown[]> => {
    const expected = { arn: plan.tableArn, id: plan.tableId, fromMs: undefined, toMs: timeMs }
    const tableExport = await exports.openExpected(written.manifest, expected, never)
    const all: unknown[] = []
    for (const file of tableExport.files) {
      await using reader = exports.openFile(tableExport, file, 0)
      all.push(...(await readToEnd(reader, never)).lines)
    }
    return all
  }
  return { written, objects, readAll, heal: () => void (isHealed = true) }
}

describe('damaged objects of an export', () => {
  it.each(Object.entries(foundAs) as [keyof typeof foundAs, string][])(
    '%s is found as %s, and heals without a trace',
    async (kind, code) => {
      const { written, objects, readAll, heal } = await damage(kind)
      expect((await refusalOf(readAll())).code).toBe(code)
      expect([...objects.struck.keys()]).toEqual([kind])
      heal()
      expect(await readAll()).toEqual(written.lines.flat())
    },
  )

  it('bodies that break now and then are read again', async () => {
    const { written, objects, readAll } = await damage('broken-body')
    for (let round = 0; round < 10; round++) expect(await readAll()).toEqual(written.lines.flat())
    expect(objects.struck.get('broken-body')).toBeGreaterThan(10)
  })

  it('knows every kind', () => {
    expect([...Object.keys(foundAs), 'broken-body'].toSorted()).toEqual([...objectFaultKinds].toSorted())
  })
})
