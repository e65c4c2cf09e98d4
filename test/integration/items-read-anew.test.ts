import { randomUUID } from 'node:crypto'
import { describe, expect, inject, it } from 'vitest'
import { systemClock } from '../../src/async/system-clock.ts'
import { createLocalTable } from '../servers/local-table.ts'
import { configText, outputOf, readConfig, startWorker } from '../servers/pipeline-under-test.ts'
import type { OutputRecord } from '../servers/pipeline-under-test.ts'

const { endpoint } = inject('dynamodb')
const { bootstrapServers } = inject('kafka')

/** Without rows and tombstones. */
function changesIn(output: readonly OutputRecord[]): number {
  return output.filter(({ value }) => value !== null && value.op !== 'r').length
}

describe('a stream of keys alone', { timeout: 60_000 }, () => {
  it.each(['never', 'initial'])('shows whole items if they are read anew, with snapshot.mode %s', async (mode) => {
    await using table = await createLocalTable(endpoint, { hasStream: true, viewType: 'KEYS_ONLY' })
    const pipeline = `anew-${randomUUID().slice(0, 8)}`
    const put = (id: string, note: string) => table.put({ id: { S: id }, note: { S: note } })
    await table.putAll(
      Array.from({ length: 150 }, (_, index) => ({ id: { S: `i${index}` }, note: { S: `n${index}` } })),
    )
    await put('changed', 'first')
    await put('changed', 'last')
    await put('gone', 'x')
    await table.delete('gone')
    await put('filtered', 'drop me')
    const more = `
snapshot.mode: ${mode}
reselect: missing-images
filter.condition: "note <> 'drop me'"
`
    const worker = startWorker(
      readConfig(configText({ pipeline, endpoint, bootstrapServers, tables: [table.name], more })),
    )
    try {
      const rows = mode === 'initial' ? (await worker.seen('snapshot-completed')).rows : 0
      const topic = `${pipeline}.${table.name}`
      // Inserts, the two states of one item, the item that is gone, and its delete. Rows may be displaced by these.
      let output = await outputOf(bootstrapServers, topic, 154)
      for (let tries = 0; tries < 50 && changesIn(output) < 154; tries++) {
        await systemClock.sleep(200)
        output = await outputOf(bootstrapServers, topic, 154)
      }
      expect(changesIn(output)).toBe(154)
      // On a slow machine changes may have displaced them all.
      expect(output.filter(({ value }) => value?.op === 'r')).toHaveLength(rows)
      const last = new Map<string, unknown>()
      for (const { key, value } of output)
        if (value !== null) last.set((key as { readonly id: string }).id, value.after)
      expect(last.get('changed')).toEqual({ id: 'changed', note: 'last' })
      expect(last.get('i149')).toEqual({ id: 'i149', note: 'n149' })
      expect(last.get('gone')).toBeNull()
      expect(last.has('filtered')).toBe(false)
      expect(last.size).toBe(152)
    } finally {
      await worker.stop()
    }
  })
})
