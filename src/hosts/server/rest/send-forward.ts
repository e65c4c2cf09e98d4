import { Agent, request } from 'undici'
import { TailraceError } from '../../../errors.ts'
import { revisionName } from './forwarding.ts'
import type { ForwardAnswer, ForwardRequest, SendForward } from './forwarding.ts'

/** Bytes of an answer: lists of many connectors are large, endless ones are not read. */
const maximumAnswer = 16_777_216

/** Sends requests to other processes, on connections of its own. */
export interface Forwarder extends AsyncDisposable {
  readonly send: SendForward
}

/**
 * Sends over HTTP(S); `ca` is the PEM text of the authority that made the processes' certificates, if it is not a public one.
 * Where no whole answer comes, `send` rejects with SERVICE_CHANGING: the leader has gone, or it is too busy.
 */
export function openForwarder({ ca }: { readonly ca?: string | undefined } = {}): Forwarder {
  const agent = new Agent({ connect: ca === undefined ? {} : { ca }, headersTimeout: 0, bodyTimeout: 0 })
  return {
    send: async (sent, signal) => {
      try {
        return await exchange(agent, sent, signal)
      } catch (error) {
        signal.throwIfAborted()
        const message = 'Cannot complete request: the leader of the service gave no answer'
        throw new TailraceError('SERVICE_CHANGING', message, { cause: error })
      }
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  }
}

async function exchange(
  dispatcher: Agent,
  { url, method, headers, body }: ForwardRequest,
  signal: AbortSignal,
): Promise<ForwardAnswer> {
  const answer = await request(url, {
    dispatcher,
    method: method as 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE',
    headers,
    body: body.length === 0 ? null : body,
    signal,
  })
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > maximumAnswer) throw new Error('the answer is too large')
    chunks.push(chunk)
  }
  const { 'content-type': contentType, location, [revisionName]: revision } = answer.headers
  return {
    status: answer.statusCode,
    contentType: typeof contentType === 'string' ? contentType : undefined,
    location: typeof location === 'string' ? location : undefined,
    revision: typeof revision === 'string' && /^\d{1,15}$/.test(revision) ? Number(revision) : undefined,
    body: Buffer.concat(chunks),
  }
}
