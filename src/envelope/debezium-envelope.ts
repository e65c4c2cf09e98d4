import type { Item } from '../change/attribute-value.ts'
import type { ChangeEvent } from '../change/change-event.ts'
import { operationLetters } from '../change/operation-letters.ts'
import type { Table } from '../change/table.ts'
import type { TailraceError } from '../errors.ts'
import type { DebeziumOrigin, DebeziumPayload } from './debezium-payload.ts'
import { debeziumShapes } from './debezium-shapes.ts'
import type { Envelope, RowForm } from './envelope.ts'
import type { RecordShapes } from '../shapes/shape.ts'
import { unreadableRecord } from './unreadable-record.ts'

export interface DebeziumEnvelopeOptions {
  readonly table: Table
  /** `source.name`, and the first part of schema names: the prefix of the topics. */
  readonly name: string
  /** `source.version`. */
  readonly connectorVersion: string
  /** Debezium's `tombstones.on.delete`: a delete is followed by a null value with the same key. */
  readonly tombstonesOnDelete: boolean
}

/** An envelope all of whose payloads are Debezium's. */
export interface DebeziumEnvelope extends Envelope {
  wrap(event: ChangeEvent, nowMs: number, isShort?: boolean): DebeziumPayload
}

/** Debezium's envelope: `before`, `after`, `source`, `op`. What an absent image becomes is said at `imagesOf`. */
export function createDebeziumEnvelope(options: DebeziumEnvelopeOptions): DebeziumEnvelope {
  return new TableEnvelope(options)
}

class TableEnvelope implements DebeziumEnvelope {
  readonly #options: DebeziumEnvelopeOptions
  /** Batches are of one shard, so remembering the last one is remembering enough. */
  #origin: DebeziumOrigin

  constructor(options: DebeziumEnvelopeOptions) {
    this.#options = options
    this.#origin = originOf(options, '')
  }

  wrap(event: ChangeEvent, nowMs: number, isShort = false): DebeziumPayload {
    if (this.#origin.shardId !== event.shardId) this.#origin = originOf(this.#options, event.shardId)
    const table = this.#options.table
    return {
      kind: 'debezium',
      op: operationLetters[event.operation],
      before: isShort ? shortBeforeOf(event) : beforeOf(event, table),
      after: afterOf(event, table),
      origin: this.#origin,
      event,
      tsMs: Math.trunc(nowMs),
      hasTombstone: event.operation === 'REMOVE' && this.#options.tombstonesOnDelete,
    }
  }

  shapes(row: RowForm): RecordShapes {
    const { table, name } = this.#options
    return debeziumShapes({ table, name, row })
  }
}

function originOf({ connectorVersion, name, table }: DebeziumEnvelopeOptions, shardId: string): DebeziumOrigin {
  return { connectorVersion, name, table, shardId }
}

/**
 * The old image where there is one. A delete always names at least the keys: Flink fails and Debezium's own transform
 * loses the delete if `before` is null. An update without an old image has null, never the keys alone: readers would
 * retract a row of nulls.
 */
function beforeOf(event: ChangeEvent, table: Table): Item | null {
  if (event.operation === 'REMOVE') return event.oldImage ?? event.keys
  if (event.operation !== 'MODIFY') return null
  if (event.oldImage !== undefined) return event.oldImage
  if (table.viewType === 'NEW_AND_OLD_IMAGES' || table.viewType === 'OLD_IMAGE') throw missing('old', event, table)
  return null
}

function shortBeforeOf({ operation, keys }: ChangeEvent): Item | null {
  return operation === 'REMOVE' ? keys : null
}

/**
 * The new image; of a KEYS_ONLY stream the keys, which is all there is; of an OLD_IMAGE stream null. A row of a snapshot
 * without an image is its keys: that the item is there is what it says.
 */
function afterOf(event: ChangeEvent, table: Table): Item | null {
  if (event.operation === 'REMOVE') return null
  if (event.newImage !== undefined) return event.newImage
  if (table.viewType === 'KEYS_ONLY') return event.keys
  if (table.viewType === 'OLD_IMAGE') return event.operation === 'READ' ? event.keys : null
  throw missing('new', event, table)
}

function missing(image: 'new' | 'old', event: ChangeEvent, table: Table): TailraceError {
  return unreadableRecord(`it has no ${image} image, which a stream of ${table.viewType} always carries`, event, table)
}
