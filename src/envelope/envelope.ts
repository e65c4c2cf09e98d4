import type { ChangeEvent } from '../change/change-event.ts'
import type { DebeziumPayload } from './debezium-payload.ts'

/** What an envelope makes of a change, told apart by `kind`. */
export type Payload = DebeziumPayload

/**
 * The shape in which the changes of one table leave tailrace. Pure: neither waits nor keeps anything that another
 * worker would not compute the same.
 */
export interface Envelope {
  /**
   * Throws RECORD_UNREADABLE for a change without the image that its stream promises: readers would take it for a
   * delete. `nowMs` is the moment of processing.
   */
  wrap(event: ChangeEvent, nowMs: number): Payload
}
