import { describe, expect, it } from 'vitest'
import {
  createMemoryReportBoard,
  createMemoryServiceLog,
  processReport,
} from '../../../test/fixtures/memory-service.ts'
import type { ProcessReport } from '../../service/process-reports.ts'
import type { HealthCheck } from '../server/health-check.ts'
import { serviceChecks } from './service-checks.ts'

function reports(processes: readonly ProcessReport[], ageMs = 0): HealthCheck | undefined {
  const board = Object.assign(createMemoryReportBoard(), { processes, ageMs })
  const checks = serviceChecks(createMemoryServiceLog(), board, { self: 'me', processTimeoutMs: 15_000 })
  return checks.find(({ name }) => name === 'reports')
}

describe('the check of what is heard of other processes', () => {
  const me = processReport('me')

  it('counts them', () => {
    expect(reports([me, processReport('b')])).toEqual({
      name: 'reports',
      status: 'ok',
      message: 'Processes that live: 2.',
    })
  })

  it('warns of one that says that it is reached where this process is, and only of this one', () => {
    const double = { ...processReport('b'), url: me.url }
    expect(reports([me, double])).toMatchObject({
      status: 'warn',
      code: 'ADVERTISED_TWICE',
      message: expect.stringContaining(me.url),
      remedy: expect.stringContaining('rest.advertised.host.name'),
    })
    expect(reports([me, processReport('b'), { ...processReport('c'), url: 'http://b:8083' }])?.status).toBe('ok')
  })

  it('warns of silence', () => {
    expect(reports([me], 15_001)).toMatchObject({ status: 'warn', message: expect.stringContaining('15 s') })
    expect(reports([me], Infinity)).toMatchObject({ status: 'warn', message: expect.stringContaining('yet') })
  })
})
