import { describe, expect, it } from 'vitest'
import { createLogger } from './create-logger.ts'
import { createLogLevels } from './log-levels.ts'
import type { LogLevels } from './log-levels.ts'
import { createRedactor } from './redactor.ts'

function make(): { levels: LogLevels; lines: () => readonly string[] } {
  const lines: string[] = []
  const base = createLogger({
    level: 'trace',
    format: 'json',
    isColored: false,
    destination: { write: (line) => lines.push(line) },
    now: () => 0,
    redactor: createRedactor(),
  })
  return {
    levels: createLogLevels({ base, level: 'INFO', now: () => 42 }),
    lines: () => lines.map((line) => (JSON.parse(line) as { logger?: string; message: string }).message),
  }
}

describe('createLogLevels', () => {
  it('really changes what is written, for loggers that are in use', () => {
    const { levels, lines } = make()
    const [service, orders] = [levels.logger('tailrace'), levels.logger('tailrace.connector.orders')]
    const child = orders.child({ lane: 1 })
    orders.debug('not yet')
    expect(levels.set('tailrace.connector.orders', 'DEBUG')).toEqual(['tailrace.connector.orders'])
    orders.debug('seen')
    child.debug('seen, too')
    service.debug('still not')
    levels.set('tailrace', 'ERROR')
    orders.warn('no more')
    service.error('an error')
    levels.set('root', 'OFF')
    service.error('nothing at all')
    expect(lines()).toEqual(['seen', 'seen, too', 'an error'])
  })

  it('tells which loggers there are, and when they were changed', () => {
    const { levels } = make()
    levels.logger('tailrace.connector.b')
    levels.logger('tailrace')
    levels.set('tailrace', 'WARN')
    levels.logger('tailrace.connector.a')
    expect([...levels.levels()]).toEqual([
      ['root', { level: 'INFO', changedAtMs: null }],
      ['tailrace', { level: 'WARN', changedAtMs: 42 }],
      ['tailrace.connector.a', { level: 'WARN', changedAtMs: null }],
      ['tailrace.connector.b', { level: 'WARN', changedAtMs: 42 }],
    ])
    levels.forget('tailrace.connector.b')
    expect(levels.set('tailrace.connector.b', 'INFO')).toBeUndefined()
    // What has the level already did not change.
    expect(levels.set('root', 'INFO')).toEqual(['tailrace', 'tailrace.connector.a'])
    expect(levels.set('root', 'INFO')).toEqual([])
  })

  it('puts the name of the logger into its lines', () => {
    const lines: string[] = []
    const base = createLogger({
      level: 'trace',
      format: 'json',
      isColored: false,
      destination: { write: (line) => lines.push(line) },
      now: () => 0,
      redactor: createRedactor(),
    })
    createLogLevels({ base, level: 'INFO', now: () => 0 })
      .logger('tailrace.connector.orders')
      .info('x')
    expect(lines[0]).toContain('"logger":"tailrace.connector.orders"')
  })
})
