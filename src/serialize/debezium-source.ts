import type { ChangeEvent } from '../change/change-event.ts'
import type { DebeziumOrigin, DebeziumPayload } from '../envelope/debezium-payload.ts'
import type { JsonWriter } from './json-writer.ts'

/** Writes what follows the images in a Debezium envelope: `source`, `op`, the times, and the closing brace. */
export interface DebeziumSource {
  write(payload: DebeziumPayload): void
}

/**
 * Every member of `source` is a flat scalar, because Flink shows it as a map of strings; `schema` is left out, because
 * Iceberg's transform would use it, null or not.
 *
 * Most of the text is the same for all changes of a shard, and most of the rest for changes of one second or one page:
 * it is made when it changes and copied as bytes in between.
 */
export function createDebeziumSource(writer: JsonWriter, origin: DebeziumOrigin): DebeziumSource {
  return new DebeziumSourceWriter(writer, origin)
}

class DebeziumSourceWriter implements DebeziumSource {
  readonly #writer: JsonWriter
  /** From `source` to the digits of the sequence number within `sequence`. */
  readonly #head: (createdAtMs: number, micros?: number) => Buffer
  /** From `source` to `op`, of a row of a snapshot: it has no place in the stream. */
  readonly #rowHead: (readAtMs: number, micros: undefined, snapshot: string) => Buffer
  readonly #afterSequence: Buffer
  readonly #afterEventId: Buffer
  readonly #beforeIdentity: Buffer
  readonly #tail: (tsMs: number) => Buffer

  constructor(writer: JsonWriter, origin: DebeziumOrigin) {
    const { table, shardId } = origin
    const text = JSON.stringify
    this.#writer = writer
    const name = `"version":${text(origin.connectorVersion)},"connector":"dynamodb","name":${text(origin.name)}`
    // `sequence` is JSON text in itself, ["<shard>","<sequence number>"]; digits need no escaping within it.
    const openSequence = text(`[${text(shardId)},"`).slice(0, -1)
    const place = `"db":${text(table.region)},"table":${text(table.name)},"sequence":`
    this.#head = remembering(
      (ms, micros) => `,"source":{${name},${times(ms, micros)},"snapshot":"false",${place}${openSequence}`,
    )
    const nowhere =
      `null,"account":${text(table.account)},"event_id":null,"shard_id":null,"sequence_number":null,` +
      `"stream_view_type":${text(table.viewType)},"user_identity":null`
    this.#rowHead = remembering(
      (ms, _micros, mark) => `,"source":{${name},${times(ms)},"snapshot":"${mark}",${place}${nowhere}`,
    )
    this.#afterSequence = Buffer.from(String.raw`\"]","account":${text(table.account)},"event_id":`)
    this.#afterEventId = Buffer.from(`,"shard_id":${text(shardId)},"sequence_number":"`)
    this.#beforeIdentity = Buffer.from(`","stream_view_type":${text(table.viewType)},"user_identity":`)
    this.#tail = remembering((ms) => `",${times(ms)},"transaction":null}`)
  }

  write({ event, op, tsMs }: DebeziumPayload): void {
    if (event.snapshot === undefined) this.#change(event, op)
    else {
      this.#writer.bytes(this.#rowHead(event.createdAtMs, undefined, event.snapshot))
      this.#end(event, op)
    }
    this.#writer.bytes(this.#tail(tsMs))
  }

  /** An item that was read anew says so; `false` if it was gone by then. */
  #end({ reselected }: ChangeEvent, op: DebeziumPayload['op']): void {
    if (reselected !== undefined) this.#writer.text(`,"reselected":${reselected === 'found'}`)
    this.#writer.text('},"op":"')
    this.#writer.text(op)
  }

  #change(event: ChangeEvent, op: DebeziumPayload['op']): void {
    const writer = this.#writer
    writer.bytes(this.#head(event.createdAtMs, event.createdAtMicros))
    writer.text(event.sequenceNumber)
    writer.bytes(this.#afterSequence)
    writer.string(event.eventId)
    writer.bytes(this.#afterEventId)
    writer.text(event.sequenceNumber)
    writer.bytes(this.#beforeIdentity)
    const identity = event.userIdentity
    if (identity === undefined) writer.text('null')
    // One scalar: `Service/dynamodb.amazonaws.com` marks a time-to-live delete.
    else writer.string(`${identity.type}/${identity.principalId}`)
    this.#end(event, op)
  }
}

/** Makes the bytes anew only if they were asked for with other arguments the time before. */
function remembering(
  make: (ms: number, micros: number | undefined, word: string) => string,
): (ms: number, micros?: number, word?: string) => Buffer {
  let known = { ms: Number.NaN, micros: undefined as number | undefined, word: '', bytes: Buffer.alloc(0) }
  return (ms, micros, word = '') => {
    if (known.ms !== ms || known.micros !== micros || known.word !== word)
      known = { ms, micros, word, bytes: Buffer.from(make(ms, micros, word)) }
    return known.bytes
  }
}

/** Nanoseconds of today do not fit into a double, so smaller units are the digits of larger ones with three zeros more. */
function times(ms: number, micros?: number): string {
  const us = micros === undefined ? thousandfold(String(ms)) : String(micros)
  return `"ts_ms":${ms},"ts_us":${us},"ts_ns":${thousandfold(us)}`
}

function thousandfold(digits: string): string {
  return digits === '0' ? digits : `${digits}000`
}
