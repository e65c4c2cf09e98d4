import { expect, it } from 'vitest'
import {
  createMemoryReportBoard,
  createMemoryServiceLog,
  processReport,
} from '../../../test/fixtures/memory-service.ts'
import { TailraceError } from '../../errors.ts'
import { leadershipOf } from './leadership.ts'

const unreadable = new TailraceError('SERVICE_LOG_UNREADABLE', 'offset 7 of shop.config: its value is not JSON')

it('names the address of the leader as long as that lives', () => {
  const log = createMemoryServiceLog()
  const board = createMemoryReportBoard()
  const leadership = leadershipOf(log, () => board)
  expect(leadership.leader()).toEqual({ kind: 'self' })
  log.leader = { kind: 'other', process: 'b' }
  expect(leadership.leader()).toEqual({ kind: 'none' })
  board.processes = [processReport('a'), processReport('b')]
  expect(leadership.leader()).toEqual({ kind: 'other', process: 'b', url: 'http://b:8083' })
})

it('says what is wrong with the log, unless somebody leads all the same', () => {
  const log = createMemoryServiceLog()
  const board = createMemoryReportBoard()
  const leadership = leadershipOf(log, () => board)
  log.trouble = unreadable
  log.leader = { kind: 'none' }
  expect(leadership.leader()).toEqual({ kind: 'none', trouble: unreadable })
  log.leader = { kind: 'other', process: 'b' }
  expect(leadership.leader()).toEqual({ kind: 'none', trouble: unreadable })
  // A newer process may be able to read what this one cannot.
  board.processes = [processReport('b')]
  expect(leadership.leader()).toMatchObject({ kind: 'other', process: 'b' })
})
