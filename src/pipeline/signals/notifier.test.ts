import { describe, expect, it } from 'vitest'
import { TailraceError } from '../../errors.ts'
import type { PipelineEvent } from '../pipeline-event.ts'
import { createNotifier } from './notifier.ts'

const never = new AbortController().signal

describe('notifications', () => {
  it.each(['TOPIC_MISSING', 'TOPIC_RESERVED', 'KAFKA_AUTHORIZATION'] as const)(
    'are told to be lost where their topic cannot be had (%s), and nothing waits for them',
    async (code) => {
      const events: PipelineEvent[] = []
      const error = new TailraceError(code, 'no')
      const parts = { topic: 'told', connector: 'shop', onEvent: (event: PipelineEvent) => void events.push(event) }
      expect(await createNotifier({ ...parts, provide: () => Promise.reject(error) }).prepare(never)).toBe(false)
      expect(events).toEqual([{ kind: 'notifications-lost', topic: 'told', error }])
      const away = new TailraceError('KAFKA_UNREACHABLE', 'away')
      const waiting = createNotifier({ ...parts, provide: () => Promise.reject(away) }).prepare(never)
      await expect(waiting).rejects.toBe(away)
    },
  )
})
