import { describe, expect, it } from 'vitest'
import { createMemoryReportBoard, processReport } from '../../../test/fixtures/memory-service.ts'
import type { MemoryReportBoard } from '../../../test/fixtures/memory-service.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import type { ManualClock } from '../../testing/manual-clock.ts'
import type { ForwardRequest } from '../server/rest/forwarding.ts'
import { createForwardTokens } from '../server/rest/forward-token.ts'
import type { ForwardTokens } from '../server/rest/forward-token.ts'
import { forwardedPrincipal } from '../server/rest/forwarding.ts'
import { createTellProcesses } from './tell-processes.ts'
import type { TellProcesses } from './tell-processes.ts'

const tokensOf = (self: string): ForwardTokens =>
  createForwardTokens({ key: new Uint8Array(32).fill(7), self, clock: createManualClock() })
const telling = {
  method: 'PUT',
  path: '/admin/loggers/root?scope=worker',
  body: '{}',
  isFine: (status: number) => status === 200,
} as const

function open(statusOf: (url: string) => number | undefined | 'stands still'): {
  tell: TellProcesses
  sent: ForwardRequest[]
  board: MemoryReportBoard
  clock: ManualClock
} {
  const board = createMemoryReportBoard()
  const clock = createManualClock()
  board.processes = ['a', 'me', 'z'].map((name) => processReport(name))
  const sent: ForwardRequest[] = []
  const send = async (
    request: ForwardRequest,
    signal: AbortSignal,
  ): Promise<{ status: number; contentType: undefined; location: undefined; body: Buffer }> => {
    sent.push(request)
    const status = statusOf(request.url)
    if (status === 'stands still')
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
    if (status === undefined) throw new Error('nobody there')
    return { status, contentType: undefined, location: undefined, body: Buffer.alloc(0) }
  }
  return {
    tell: createTellProcesses({ board, self: 'me', forwarding: { send, tokens: tokensOf('me') }, clock }),
    sent,
    board,
    clock,
  }
}

describe('createTellProcesses', () => {
  it('tells every other process, in the name of the service', async () => {
    const { tell, sent } = open(() => 200)
    await tell(telling, new AbortController().signal)
    expect(sent.map(({ url }) => new URL(url).host)).toEqual(['a:8083', 'z:8083'])
    const [first] = sent
    const call = { method: 'PUT', path: telling.path, headers: new Headers(first?.headers), body: Buffer.from('{}') }
    expect(forwardedPrincipal(call, tokensOf('z'))).toBeUndefined()
    expect(forwardedPrincipal(call, tokensOf('a'))).toEqual({ name: 'the service', role: 'admin' })
  })

  it('says which of them did not take it, and tells the others all the same', async () => {
    const { tell, sent } = open((url) => (url.includes('a:') ? undefined : 500))
    await expect(tell(telling, new AbortController().signal)).rejects.toMatchObject({
      code: 'SERVICE_CHANGING',
      message: expect.stringContaining('a:8083, z:8083'),
    })
    expect(sent).toHaveLength(2)
  })

  it('waits for a process that stands still for some seconds only', async () => {
    const { tell, clock } = open((url) => (url.includes('a:') ? 'stands still' : 200))
    const told = tell(telling, new AbortController().signal)
    told.catch(() => undefined)
    await clock.advance(3_000)
    await expect(told).rejects.toMatchObject({
      code: 'SERVICE_CHANGING',
      message: expect.stringMatching(/: a:8083$/),
    })
  })

  it('does not count a process that has gone from the board meanwhile', async () => {
    const { tell, board, clock } = open((url) => (url.includes('a:') ? 'stands still' : 200))
    const told = tell(telling, new AbortController().signal)
    board.processes = board.processes.filter(({ process }) => process !== 'a')
    await clock.advance(3_000)
    await expect(told).resolves.toBeUndefined()
  })

  it('does not take itself for another process that says that it is reached at the same address', async () => {
    const { tell, sent, board } = open(() => 200)
    board.processes = [{ ...processReport('a'), url: processReport('me').url }, processReport('me')]
    await expect(tell(telling, new AbortController().signal)).rejects.toMatchObject({ code: 'SERVICE_CHANGING' })
    expect(sent).toEqual([])
  })
})
