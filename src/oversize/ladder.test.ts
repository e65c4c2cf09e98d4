import { describe, expect, it } from 'vitest'
import { headersOf, oversizedChange } from '../../test/oracle/oversized-changes.ts'
import { createChunking } from './chunks.ts'
import { createDropBefore } from './drop-before.ts'
import { createLadder } from './ladder.ts'
import type { NamedStep } from './ladder.ts'

const never = new AbortController().signal
const dropBefore: NamedStep = { name: 'drop-before', step: createDropBefore() }
const chunk: NamedStep = { name: 'chunk', step: createChunking({ isCompacted: () => Promise.resolve(false) }) }

function ladderOf(...steps: readonly NamedStep[]): {
  readonly ladder: ReturnType<typeof createLadder>
  readonly told: readonly string[]
} {
  const told: string[] = []
  const onShrunk = ({ table, strategy }: { readonly table: string; readonly strategy: string }): void =>
    void told.push(`${table} ${strategy}`)
  return { ladder: createLadder({ steps, toDeadLetters: false, onShrunk }), told }
}

describe('a ladder', () => {
  it('takes the first step that is enough, and says which', async () => {
    const { ladder, told } = ladderOf(dropBefore, chunk)
    const { records } = await ladder.shrink(oversizedChange(Buffer.alloc(3_000), 2_000, { isDelete: true }), never)
    expect(records.map(({ value }) => value?.length)).toEqual([1_500, undefined])
    expect(records.map(headersOf)).toEqual([
      { 'tailrace.table': 'orders', 'tailrace.oversize': 'drop-before' },
      { 'tailrace.table': 'orders' },
    ])
    expect(told).toEqual(['orders drop-before'])
  })

  it('gives a later step the whole change', async () => {
    const { ladder, told } = ladderOf(dropBefore, chunk)
    const { records } = await ladder.shrink(oversizedChange(Buffer.alloc(6_000), 2_000), never)
    expect(records.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)).toBe(6_000)
    expect(headersOf(records[0] ?? { headers: [] })).not.toHaveProperty('tailrace.oversize')
    expect(told).toEqual(['orders chunk'])
  })

  it('gives back what it cannot make smaller', async () => {
    const { ladder, told } = ladderOf(dropBefore)
    const change = oversizedChange(Buffer.alloc(6_000), 2_000)
    expect(await ladder.shrink(change, never)).toEqual({ records: change.records, attachments: [] })
    expect(told).toEqual([])
  })
})
