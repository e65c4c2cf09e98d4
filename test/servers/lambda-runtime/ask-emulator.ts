import { Agent, request } from 'node:http'
import { isJsonObject } from '../../../src/aws/json-object.ts'
import type { InvokeResult } from '../event-source-mapping/mapping.ts'

const agent = new Agent({ keepAlive: false })

/** One invocation over the emulator's HTTP interface. A connection that breaks is an invocation that is lost. */
export function askEmulator(port: number, event: unknown): Promise<InvokeResult> {
  return new Promise((resolve) => {
    const lost = (): void => resolve({ kind: 'lost' })
    const path = '/2015-03-31/functions/function/invocations'
    const call = request({ host: '127.0.0.1', port, method: 'POST', path, agent }, (response) => {
      const pieces: Buffer[] = []
      response.on('data', (piece: Buffer) => pieces.push(piece))
      response.once('error', lost)
      response.once('end', () => resolve(resultOf(Buffer.concat(pieces).toString())))
    })
    call.once('error', lost)
    call.end(JSON.stringify(event))
  })
}

/** The emulator tells errors of the function by their text alone: nothing in its headers does. */
function resultOf(text: string): InvokeResult {
  if (/^Task timed out after [\d.]+ seconds/.test(text)) return { kind: 'timeout' }
  // The emulator says nothing of a runtime that ended while it started; one that runs says at least `null`.
  if (text === '') return { kind: 'error', errorType: 'Runtime.ExitError', errorMessage: 'the runtime did not start' }
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return { kind: 'error', errorType: 'Runtime.Unreadable', errorMessage: text.slice(0, 200) }
  }
  const { errorType, errorMessage } = isJsonObject(body) ? body : {}
  if (typeof errorType === 'string' && typeof errorMessage === 'string')
    return { kind: 'error', errorType, errorMessage }
  return { kind: 'answer', body }
}
