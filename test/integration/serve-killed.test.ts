import { expect, inject, it } from 'vitest'
import { runService } from '../experiments/service/run-service.ts'
import { shortPlan } from '../experiments/service/service-plan.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'

const { bootstrapServers } = inject('kafka')
const { endpoint: dynamodb } = inject('dynamodb')

it('a service whose leader is killed while tables come and go and clients ask loses nothing and goes on answering', async () => {
  await using folder = await temporaryFolder()
  const servers = { bootstrapServers, dynamodb, directory: folder.path }
  const run = await runService(shortPlan(1), servers, AbortSignal.timeout(170_000))
  const { findings, book, rest } = run
  const wrong = Object.entries(findings.anomalies).filter(([, count]) => count > 0)
  expect({ wrong, examples: findings.examples }).toEqual({ wrong: [], examples: [] })
  expect(findings.delivered).toBe(findings.written)
  expect(findings.written).toBeGreaterThan(200)
  expect(run.withheld).toBeGreaterThan(0)
  expect(book.faults).toMatchObject({ 'process-kill': 1, 'leader-struck': 1, 'table-made': 1, 'table-remade': 1 })
  const answers = Object.values(rest.statuses).reduce((sum, count) => sum + count, 0)
  expect(answers).toBeGreaterThan(10)
  expect(Object.keys(rest.changes).length).toBeGreaterThan(1)
}, 180_000)
