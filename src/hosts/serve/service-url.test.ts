import { describe, expect, it } from 'vitest'
import {
  createMemoryReportBoard,
  createMemoryServiceLog,
  processReport,
} from '../../../test/fixtures/memory-service.ts'
import { leadershipOf, revisionsOf } from './leadership.ts'
import { advertisedAddress } from './service-url.ts'

const listeners = [
  { scheme: 'http', host: '0.0.0.0', port: 0 },
  { scheme: 'https', host: '::1', port: 8443 },
] as const
const none = { scheme: undefined, host: undefined, port: undefined }

describe('advertisedAddress', () => {
  it.each([
    [none, { url: 'http://box:1234', workerId: 'box:1234', host: 'box' }],
    [
      { ...none, host: 'Node-1.example' },
      { url: 'http://Node-1.example:1234', workerId: 'Node-1.example:1234', host: 'node-1.example' },
    ],
    [
      { ...none, scheme: 'https' },
      { url: 'https://[::1]:1234', workerId: '[::1]:1234', host: '::1' },
    ],
    [
      { ...none, port: 80 },
      { url: 'http://box:80', workerId: 'box:80', host: 'box' },
    ],
  ] as const)('%j', (advertised, expected) => {
    expect(advertisedAddress({ listeners, advertised }, { boundPort: 1234, machine: 'box' })).toEqual(expected)
  })
})

describe('leadershipOf', () => {
  it('knows a leader that lives, and nobody else', () => {
    const log = createMemoryServiceLog()
    const board = createMemoryReportBoard()
    const leadership = leadershipOf(log, () => ({ board, address: { url: 'http://me:8083' } }))
    expect(leadership.leader()).toEqual({ kind: 'self' })
    log.leader = { kind: 'other', process: 'p' }
    expect(leadership.leader()).toEqual({ kind: 'none' })
    board.processes = [processReport('p')]
    expect(leadership.leader()).toEqual({ kind: 'other', url: 'http://p:8083', process: 'p' })
    expect(leadershipOf(log, () => undefined).leader()).toEqual({ kind: 'none' })
  })

  it('does not ask a leader that says that it is reached where this process is', () => {
    const log = createMemoryServiceLog()
    log.leader = { kind: 'other', process: 'p' }
    const board = createMemoryReportBoard()
    board.processes = [processReport('p')]
    const leadership = leadershipOf(log, () => ({ board, address: { url: 'http://p:8083' } }))
    expect(leadership.leader()).toEqual({
      kind: 'none',
      reason: expect.objectContaining({ code: 'ADVERTISED_TWICE', message: expect.stringContaining('http://p:8083') }),
    })
  })

  it('tells when the process that leads is heard of, too', () => {
    const listeners = new Set<() => void>()
    const onChange = (listener: () => void): (() => void) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    }
    const board = { ...createMemoryReportBoard(), onChange }
    const leadership = leadershipOf(createMemoryServiceLog(), () => ({ board, address: { url: 'http://me:8083' } }))
    let told = 0
    const end = leadership.onChange?.(() => told++)
    for (const listener of listeners) listener()
    end?.()
    expect([told, listeners.size]).toEqual([1, 0])
  })
})

describe('revisionsOf', () => {
  it('waits for a revision, or is called off', async () => {
    const log = createMemoryServiceLog()
    const revisions = revisionsOf(log)
    expect(revisions.current()).toBe(1)
    await revisions.reached(1, new AbortController().signal)
    const scope = new AbortController()
    const later = revisions.reached(2, scope.signal)
    const never = revisions.reached(9, scope.signal)
    await log.change(() => ({ change: { put: [], remove: ['x'] }, result: undefined }), scope.signal)
    await later
    scope.abort(new Error('enough'))
    await expect(never).rejects.toThrow('enough')
  })
})
