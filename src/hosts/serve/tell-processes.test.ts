import { describe, expect, it } from 'vitest'
import { createMemoryReportBoard, processReport } from '../../../test/fixtures/memory-service.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import type { ForwardRequest } from '../server/rest/forwarding.ts'
import { forwardedPrincipal } from '../server/rest/forwarding.ts'
import { createTellProcesses } from './tell-processes.ts'
import type { TellProcesses } from './tell-processes.ts'

const key = new Uint8Array(32).fill(7)
const telling = {
  method: 'PUT',
  path: '/admin/loggers/root?scope=worker',
  body: '{}',
  isFine: (status: number) => status === 200,
} as const

function open(statusOf: (url: string) => number | undefined): { tell: TellProcesses; sent: ForwardRequest[] } {
  const board = createMemoryReportBoard()
  board.processes = ['a', 'me', 'z'].map((name) => processReport(name))
  const sent: ForwardRequest[] = []
  const send = async (
    request: ForwardRequest,
  ): Promise<{ status: number; contentType: undefined; location: undefined; body: Buffer }> => {
    sent.push(request)
    const status = statusOf(request.url)
    if (status === undefined) throw new Error('nobody there')
    return { status, contentType: undefined, location: undefined, body: Buffer.alloc(0) }
  }
  return {
    tell: createTellProcesses({ board, self: 'me', forwarding: { send, key }, clock: createManualClock() }),
    sent,
  }
}

describe('createTellProcesses', () => {
  it('tells every other process, in the name of the service', async () => {
    const { tell, sent } = open(() => 200)
    await tell(telling, new AbortController().signal)
    expect(sent.map(({ url }) => new URL(url).host)).toEqual(['a:8083', 'z:8083'])
    const [first] = sent
    const call = { method: 'PUT', path: telling.path, headers: new Headers(first?.headers), body: Buffer.from('{}') }
    expect(forwardedPrincipal(call, key, createManualClock())).toEqual({ name: 'the service', role: 'admin' })
  })

  it('says which of them did not take it, and tells the others all the same', async () => {
    const { tell, sent } = open((url) => (url.includes('a:') ? undefined : 500))
    await expect(tell(telling, new AbortController().signal)).rejects.toMatchObject({
      code: 'SERVICE_CHANGING',
      message: expect.stringContaining('a:8083, z:8083'),
    })
    expect(sent).toHaveLength(2)
  })
})
