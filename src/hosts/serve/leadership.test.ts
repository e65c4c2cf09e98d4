import { describe, expect, it } from 'vitest'
import {
  createMemoryReportBoard,
  createMemoryServiceLog,
  processReport,
} from '../../../test/fixtures/memory-service.ts'
import { TailraceError } from '../../errors.ts'
import { leadershipOf, revisionsOf } from './leadership.ts'

const address = { url: 'http://me:8083' }
const unreadable = new TailraceError('SERVICE_LOG_UNREADABLE', 'offset 7 of shop.config: its value is not JSON')

it('names the address of the leader as long as that lives', () => {
  const log = createMemoryServiceLog()
  const board = createMemoryReportBoard()
  const leadership = leadershipOf(log, () => ({ board, address }))
  expect(leadership.leader()).toEqual({ kind: 'self' })
  log.leader = { kind: 'other', process: 'b' }
  expect(leadership.leader()).toEqual({ kind: 'none' })
  board.processes = [processReport('a'), processReport('b')]
  expect(leadership.leader()).toEqual({ kind: 'other', process: 'b', url: 'http://b:8083' })
})

it('says what is wrong with the log, unless somebody leads all the same', () => {
  const log = createMemoryServiceLog()
  const board = createMemoryReportBoard()
  const leadership = leadershipOf(log, () => ({ board, address }))
  log.trouble = unreadable
  log.leader = { kind: 'none' }
  expect(leadership.leader()).toEqual({ kind: 'none', trouble: unreadable })
  log.leader = { kind: 'other', process: 'b' }
  expect(leadership.leader()).toEqual({ kind: 'none', trouble: unreadable })
  // A newer process may be able to read what this one cannot.
  board.processes = [processReport('b')]
  expect(leadership.leader()).toMatchObject({ kind: 'other', process: 'b' })
})

it('does not ask a leader that says that it is reached where this process is', () => {
  const log = createMemoryServiceLog()
  log.leader = { kind: 'other', process: 'p' }
  const board = createMemoryReportBoard()
  board.processes = [processReport('p')]
  const leadership = leadershipOf(log, () => ({ board, address: { url: 'http://p:8083' } }))
  expect(leadership.leader()).toEqual({
    kind: 'none',
    trouble: expect.objectContaining({ code: 'ADVERTISED_TWICE', message: expect.stringContaining('http://p:8083') }),
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
