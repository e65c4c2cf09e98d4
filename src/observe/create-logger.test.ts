import { describe, expect, it } from 'vitest'
import { TailraceError } from '../errors.ts'
import { createLogger } from './create-logger.ts'
import type { LoggerOptions } from './create-logger.ts'
import { asError, silentLogger } from './logger.ts'
import { createRedactor } from './redactor.ts'

function recordingLogger(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = []
  const redactor = createRedactor()
  const logger = createLogger({
    level: 'info',
    format: 'json',
    isColored: false,
    destination: { write: (line) => lines.push(line) },
    now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    redactor,
    ...options,
  })
  return { lines, logger, redactor }
}

describe('createLogger', () => {
  it('writes one JSON object a line, with time, level, message and fields', () => {
    const { lines, logger } = recordingLogger()
    logger.info('lane taken', { lane: 3, tables: ['orders'], offset: 12n, absent: undefined })
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'info',
      time: '2026-01-02T03:04:05.678Z',
      lane: 3,
      tables: ['orders'],
      offset: '12',
      message: 'lane taken',
    })
    expect(lines[0]?.endsWith('\n')).toBe(true)
  })

  it('keeps lines below the level to itself', () => {
    const { lines, logger } = recordingLogger({ level: 'warn' })
    logger.info('no')
    logger.debug('no')
    logger.warn('yes')
    expect(lines).toHaveLength(1)
  })

  it('takes an error apart: code, details, causes; a stack only for what is not ours', () => {
    const { lines, logger } = recordingLogger()
    const root = new Error('socket closed')
    const error = new TailraceError('KAFKA_UNREACHABLE', 'no broker answered', { cause: root, details: { brokers: 3 } })
    logger.error('lane lost', { error })
    logger.error('unexpected', { error: asError('thrown text') })
    const [ours, foreign] = lines.map((line): unknown => JSON.parse(line))
    expect(ours).toMatchObject({
      error: {
        code: 'KAFKA_UNREACHABLE',
        message: 'no broker answered',
        details: { brokers: 3 },
        causes: ['Error: socket closed'],
      },
    })
    expect(ours).not.toHaveProperty('error.stack')
    expect(foreign).toMatchObject({ error: { name: 'Error', message: 'thrown text' } })
    expect(foreign).toHaveProperty('error.stack')
  })

  it('does not follow a circle of causes', () => {
    const { lines, logger } = recordingLogger()
    const error = new Error('a')
    error.cause = new Error('b', { cause: error })
    logger.error('x', { error })
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ error: { causes: ['Error: b'] } })
  })

  it('hides secrets in the message, in fields, in errors and in what a child carries', () => {
    const { lines, logger, redactor } = recordingLogger()
    redactor.add('canary-1234')
    const error = new Error('refused canary-1234', { cause: new Error('canary-1234') })
    logger.child({ url: 'x://canary-1234@h' }).warn('with canary-1234', { list: ['canary-1234'], error })
    expect(lines.join('')).not.toContain('canary-1234')
    expect(lines.join('')).toContain('[hidden]')
  })

  it('prints for eyes when asked', () => {
    const { lines, logger } = recordingLogger({ format: 'pretty' })
    logger.info('lane taken', { lane: 3 })
    expect(lines.join('')).toMatch(/INFO: lane taken .*"lane":3/)
    expect(lines.join('')).not.toContain('"message"')
  })
})

describe('silentLogger', () => {
  it('is its own child and takes every level', () => {
    const logger = silentLogger.child({ a: 1 })
    expect(logger).toBe(silentLogger)
    for (const level of ['trace', 'debug', 'info', 'warn', 'error'] as const) logger[level]('x')
  })
})
