import type { ChangeEvent } from '../change/change-event.ts'
import type { RecordShapes } from '../shapes/shape.ts'
import type { DebeziumPayload } from './debezium-payload.ts'
import type { DocumentPayload } from './document-payload.ts'

/** What an envelope makes of a change, told apart by `kind`. */
export type Payload = DebeziumPayload | DocumentPayload

/**
 * The shape in which the changes of one table leave tailrace. Pure: neither waits nor keeps anything that another
 * worker would not compute the same.
 */
export interface Envelope {
  /**
   * Throws RECORD_UNREADABLE for a change without the image that its stream promises: readers would take it for a
   * delete. `nowMs` is the moment of processing. With `isShort` the image before the change is left out, because the record
   * would be too large: of a delete its keys remain.
   */
  wrap(event: ChangeEvent, nowMs: number, isShort?: boolean): Payload
  /** What its records consist of, for forms with a schema. `row` is the shape of the table's images. */
  shapes(row: RowForm): RecordShapes
}

/** How images are written where there is a schema: as fields, as one JSON text, or as values that name their type. */
export type RowForm =
  | { readonly kind: 'declared'; readonly shape: RecordShapes['key'] }
  | { readonly kind: 'json' }
  | { readonly kind: 'typed' }
