import { TailraceError } from '../../errors.ts'
import type { ErrorCode } from '../../error-catalogue.ts'
import type { ProducerRecord } from '../../kafka/kafka.ts'
import type { PipelineEventSink } from '../pipeline-event.ts'
import { notificationRecord } from './notification.ts'
import type { Notification } from './notification.ts'

/** Where notifications go. */
export interface Notifier {
  /** The pipeline as notifications name it. */
  readonly connector: string
  /**
   * Makes sure that there is a topic for them. False where there is none and none may be made: that is told as an event, and
   * nothing waits for it. Other failures reject.
   */
  prepare(signal: AbortSignal): Promise<boolean>
  /** The records of notifications, to be committed with what they tell of. */
  records(notifications: readonly Notification[]): readonly ProducerRecord[]
}

const unwritable: ReadonlySet<ErrorCode> = new Set(['TOPIC_MISSING', 'TOPIC_RESERVED', 'KAFKA_AUTHORIZATION'])

/** `provide` makes the topic if it is missing. */
export function createNotifier(parts: {
  readonly topic: string
  readonly connector: string
  readonly provide: (signal: AbortSignal) => Promise<unknown>
  readonly onEvent: PipelineEventSink
}): Notifier {
  const { topic, connector, provide, onEvent } = parts
  return {
    connector,
    prepare: async (signal) => {
      try {
        await provide(signal)
        return true
      } catch (error) {
        if (!(error instanceof TailraceError) || !unwritable.has(error.code)) throw error
        onEvent({ kind: 'notifications-lost', topic, error })
        return false
      }
    },
    records: (notifications) => notifications.map((told) => notificationRecord(topic, told)),
  }
}
