import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { createLocalTable } from '../servers/local-table.ts'
import { configText, outputOf, readConfig, readOutput, startWorker } from '../servers/pipeline-under-test.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'

const { endpoint } = inject('dynamodb')
const { bootstrapServers } = inject('kafka')

const code = `
import { defineTransform } from 'tailrace/transform'

interface Order { id: string; status: string; email?: string; total: number; tags?: Set<string> }

export default defineTransform<Order>((change) => {
  if (change.keys.id === 'hang') for (;;) {}
  if (change.keys.id === 'internal') return undefined
  if (change.new !== undefined) change.new.tags = new Set(['seen', change.new.status])
  if (change.new?.total === 7) change.topic = change.table + '.sevens'
  change.headers.by = 'code'
  return change
})`

describe('a pipeline with filters, code, masks and routes', { timeout: 120_000 }, () => {
  it('delivers what is left, as it is then, where it belongs, and stops at a change that hangs', async () => {
    await using folder = await temporaryFolder()
    await using table = await createLocalTable(endpoint, { hasStream: false })
    const file = path.join(folder.path, 'code.ts')
    await writeFile(file, code)
    const pipeline = `changes-${randomUUID().slice(0, 8)}`
    const more = `
snapshot.mode: initial
filter: {condition: "status <> 'shut'", leaving: delete}
transforms: [${file}]
transform.timeout.ms: 500
mask.fields: [${table.name}.email=fixed(hidden), "*.card=remove"]
route.rules: ["total >= 100 => {prefix}.large.{country}"]
`
    const item = (id: string, status: string, total: string) =>
      table.put({
        id: { S: id },
        status: { S: status },
        total: { N: total },
        email: { S: 'a@secret' },
        card: { S: 'secret' },
        country: { S: 'de/by' },
      })
    // In front of the pipeline: rows of its snapshot.
    await item('row', 'open', '1.50')
    await item('row-shut', 'shut', '1')
    await item('row-large', 'open', '100.00')
    await table.enableStream()
    const worker = startWorker(
      readConfig(configText({ pipeline, endpoint, bootstrapServers, tables: [table.name], more })),
    )
    const own = `${pipeline}.${table.name}`
    try {
      await outputOf(bootstrapServers, own, 1)
      await item('internal', 'open', '1')
      await item('small', 'open', '12.1234567890123456789')
      await item('large', 'open', '1000')
      await item('seven', 'open', '7')
      await item('never', 'shut', '1')
      await item('small', 'shut', '2')
      await item('last', 'open', '2')
      const output = await outputOf(bootstrapServers, own, 4)
      const shown = output
        .filter(({ value }) => value !== null)
        .map(({ key, value }) => [
          (key as { id: string }).id,
          value?.op,
          (value?.after as { tags?: unknown } | null)?.tags,
        ])
      expect(new Set(shown)).toEqual(
        new Set([
          ['last', 'c', ['open', 'seen']],
          ['row', 'r', ['open', 'seen']],
          ['small', 'c', ['open', 'seen']],
          ['small', 'd', undefined],
        ]),
      )
      expect(output.find(({ value }) => value?.op === 'r')?.value?.after).toMatchObject({ email: 'hidden', total: 1.5 })
      const large = await outputOf(bootstrapServers, `${pipeline}.large.de_by`, 2)
      expect(new Set(large.map(({ key, value }) => `${(key as { id: string }).id} ${value?.op}`))).toEqual(
        new Set(['large c', 'row-large r']),
      )
      const sevens = await outputOf(bootstrapServers, `${table.name}.sevens`, 1)
      expect(sevens).toHaveLength(1)
      const all = JSON.stringify([...output, ...large, ...sevens])
      expect(all).not.toContain('secret')
      expect(all).not.toContain('card')

      await item('before', 'open', '3')
      await item('hang', 'open', '3')
      await item('behind', 'open', '3')
      const refused = await worker.seen('record-refused')
      expect(refused.error.code).toBe('TRANSFORM_TIMEOUT')
      expect(refused.error.message).toMatch(/code\.ts took longer than 500 ms \(shard .*, sequence number \d+\)/)
      await worker.seen('table-stopped')
      const ids = (await readOutput(bootstrapServers, own)).map(({ key }) => (key as { id: string }).id)
      expect(ids).toContain('before')
      expect(ids).not.toContain('behind')
    } finally {
      await worker.stop()
    }
  })
})
