import { Writable, Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { seededRng } from '../../async/rng.ts'
import { systemClock } from '../../async/system-clock.ts'
import { TailraceError } from '../../errors.ts'
import { createRedactor } from '../../observe/redactor.ts'
import { printError } from './print-error.ts'

function print(error: unknown, isJson: boolean): { readonly stdout: string; readonly stderr: string } {
  const shown = { stdout: '', stderr: '' }
  const sink = (name: 'stdout' | 'stderr'): Writable =>
    new Writable({
      write: (chunk: Buffer, _, done) => {
        shown[name] += chunk.toString('utf8')
        done()
      },
    })
  const redactor = createRedactor()
  redactor.add('canary-password')
  const context = {
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    stdin: Readable.from([]),
    env: {},
    cwd: '/',
    isTerminal: false,
    signal: new AbortController().signal,
    clock: systemClock,
    rng: seededRng(1),
    redactor,
  }
  printError(error, { context, isJson })
  return shown
}

const cause = new TailraceError('KAFKA_AUTHENTICATION', 'refused canary-password', {
  cause: new Error('socket \u001B[2J canary-password'),
})
const error = new TailraceError('KAFKA_UNREACHABLE', 'no broker answered', {
  cause,
  details: { url: 'x://canary-password@h', brokers: 3 },
})

describe('printError', () => {
  it('shows code, message, causes and remedy to people, without secrets and control characters', () => {
    const { stdout, stderr } = print(error, false)
    expect(stdout).toBe('')
    expect(stderr).toBe(`tailrace: [KAFKA_UNREACHABLE] no broker answered
  because: KAFKA_AUTHENTICATION: refused [hidden]
  because: Error: socket ?[2J [hidden]
  remedy: ${error.remedy}
`)
  })

  it('shows the same as JSON', () => {
    const { stdout, stderr } = print(error, true)
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: 'KAFKA_UNREACHABLE',
        message: 'no broker answered',
        remedy: error.remedy,
        details: { url: 'x://[hidden]@h', brokers: 3 },
        causes: ['KAFKA_AUTHENTICATION: refused [hidden]', 'Error: socket ?[2J [hidden]'],
      },
    })
  })

  it('shows what it does not know as INTERNAL, with a stack for the report', () => {
    const { stderr } = print(new RangeError('boom canary-password'), false)
    expect(stderr).toContain('[INTERNAL]')
    expect(stderr).toContain('because: RangeError: boom [hidden]')
    expect(stderr).toContain('print-error.test.ts')
    expect(print('thrown text', false).stderr).toContain('thrown text')
  })
})
