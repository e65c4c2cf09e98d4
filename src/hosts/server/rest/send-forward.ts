import { request } from 'undici'
import { TailraceError } from '../../../errors.ts'
import type { SendForward } from './forwarding.ts'

/** Bytes of an answer: lists of many connectors are large, endless ones are not read. */
const maximumAnswer = 16_777_216

/** Sends over HTTP(S). What comes between is SERVICE_CHANGING: the leader has gone, or it is too busy to answer. */
export const sendForward: SendForward = async ({ url, method, headers, body }, signal) => {
  try {
    const answer = await request(url, {
      method: method as 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE',
      headers,
      body: body.length === 0 ? null : body,
      signal,
      headersTimeout: 0,
      bodyTimeout: 0,
    })
    const chunks: Uint8Array[] = []
    let length = 0
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
      length += chunk.length
      if (length > maximumAnswer) throw new Error('the answer is too large')
      chunks.push(chunk)
    }
    const { 'content-type': contentType, location } = answer.headers
    return {
      status: answer.statusCode,
      contentType: typeof contentType === 'string' ? contentType : undefined,
      location: typeof location === 'string' ? location : undefined,
      body: Buffer.concat(chunks),
    }
  } catch (error) {
    signal.throwIfAborted()
    throw new TailraceError('SERVICE_CHANGING', 'Cannot complete request: the leader of the service gave no answer', {
      cause: error,
    })
  }
}
