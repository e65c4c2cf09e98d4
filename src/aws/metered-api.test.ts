import { expect, test } from 'vitest'
import { TailraceError } from '../errors.ts'
import { AwsServiceError } from './aws.ts'
import type { AwsRequest } from './aws.ts'
import type { EventStream } from './aws-streams.ts'
import { createMeteredAwsApi, createMeteredAwsStreams } from './metered-api.ts'

const stream: EventStream = { next: async () => undefined, [Symbol.asyncDispose]: async () => {} }

test('each outcome is told once, and what was answered or thrown is passed on', async () => {
  const told: string[] = []
  const onRequest = (action: string, outcome: string): void => void told.push(`${action} ${outcome}`)
  const failures: (Error | undefined)[] = []
  const answerOrThrow = async <T>(answer: T): Promise<T> => {
    const failure = failures.shift()
    if (failure !== undefined) throw failure
    return answer
  }
  const answer = { body: 'b', bytes: 1 }
  const api = createMeteredAwsApi({ call: () => answerOrThrow('b'), exchange: () => answerOrThrow(answer) }, onRequest)
  const streams = createMeteredAwsStreams({ open: () => answerOrThrow(stream) }, onRequest)
  const request: AwsRequest = { service: 'kinesis', action: 'A', body: {} }
  const attempts: readonly ((signal: AbortSignal) => Promise<unknown>)[] = [
    (signal) => api.call(request, signal),
    (signal) => api.exchange(request, signal),
    (signal) => streams.open(request, signal),
  ]
  const live = new AbortController().signal
  const stopped = AbortSignal.abort()
  for (const [index, attempt] of attempts.entries()) {
    told.length = 0
    expect(await attempt(live)).toBe(['b', answer, stream][index])
    const thrown = [
      new TailraceError('AWS_THROTTLED', 'slower'),
      new AwsServiceError('ResourceInUseException', 'taken', 400),
      new Error('odd'),
    ]
    for (const error of thrown) {
      failures.push(error)
      await expect(attempt(live)).rejects.toBe(error)
    }
    failures.push(new Error('called off'))
    await expect(attempt(stopped)).rejects.toThrow('called off')
    expect(told).toEqual(['A ok', 'A AWS_THROTTLED', 'A ResourceInUseException', 'A unexpected', 'A stopped'])
  }
})
