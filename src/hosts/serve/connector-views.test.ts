import { describe, expect, it } from 'vitest'
import { processReport } from '../../../test/fixtures/memory-service.ts'
import type { RunReport } from '../../service/process-reports.ts'
import type { ConnectorEntry, TargetState } from '../../service/service-state.ts'
import { infoOf, statusOf, tasksOf } from './connector-views.ts'

const entry = (target: TargetState = 'RUNNING'): ConnectorEntry => ({
  name: 'orders',
  config: { name: 'orders' },
  configId: '1.a',
  target,
})
const run = (state: RunReport['state'], trace?: string): RunReport => ({ state, configId: '1.a', trace })
const status = (target: TargetState, ...states: readonly (RunReport | undefined)[]): ReturnType<typeof statusOf> => {
  const processes = states.map((state, at) => processReport(`p${at}`, state === undefined ? {} : { orders: state }))
  return statusOf(entry(target), { processes, workerId: 'me:8083', tables: undefined })
}

describe('the state of a connector', () => {
  it.each([
    ['nobody has heard of it', status('RUNNING', undefined), 'UNASSIGNED', []],
    ['it runs somewhere', status('RUNNING', run('FAILED', 'why'), run('RUNNING')), 'RUNNING', ['FAILED', 'RUNNING']],
    [
      'it has failed everywhere',
      status('RUNNING', run('FAILED', 'why'), run('FAILED', 'why')),
      'FAILED',
      ['FAILED', 'FAILED'],
    ],
    [
      'it is begun again',
      status('RUNNING', run('FAILED', 'a'), run('RESTARTING', 'b')),
      'RESTARTING',
      ['FAILED', 'RESTARTING'],
    ],
    ['it rests', status('PAUSED', run('PAUSED'), run('PAUSED')), 'PAUSED', ['PAUSED', 'PAUSED']],
    [
      'it does not rest everywhere yet',
      status('PAUSED', run('PAUSED'), run('RUNNING')),
      'RUNNING',
      ['PAUSED', 'RUNNING'],
    ],
    ['it is to run again, and nobody does yet', status('RUNNING', run('PAUSED')), 'UNASSIGNED', ['UNASSIGNED']],
    ['it is stopped', status('STOPPED', run('STOPPED'), undefined), 'STOPPED', []],
    [
      'it is to be stopped, and runs somewhere',
      status('STOPPED', run('STOPPED'), run('RUNNING')),
      'RUNNING',
      ['RUNNING'],
    ],
  ] as const)('%s', (_, { connector, tasks }, expected, ofTasks) => {
    expect(connector.state).toBe(expected)
    expect(tasks.map(({ state }) => state)).toEqual(ofTasks)
    expect(tasks.map(({ id }) => id)).toEqual(ofTasks.map((__, at) => at))
  })

  it('says why, and who says so', () => {
    expect(status('RUNNING', run('FAILED', 'TABLE_NOT_FOUND: …')).connector).toEqual({
      state: 'FAILED',
      worker_id: 'p0:8083',
      trace: 'TABLE_NOT_FOUND: …',
    })
    expect(status('STOPPED').connector.worker_id).toBe('me:8083')
  })

  it('has a task for each process that has to do with it', () => {
    const processes = [
      processReport('a'),
      processReport('b', { orders: run('RUNNING') }),
      processReport('c', { orders: run('FAILED') }),
    ]
    expect(tasksOf('orders', processes).map(({ process }) => process)).toEqual(['b', 'c'])
    expect(infoOf(entry(), processes).tasks).toEqual([
      { connector: 'orders', task: 0 },
      { connector: 'orders', task: 1 },
    ])
  })
})
