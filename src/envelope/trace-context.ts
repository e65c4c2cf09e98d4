import type { Item } from '../change/attribute-value.ts'
import type { ChangeEvent } from '../change/change-event.ts'
import { documentsOf } from './debezium-document.ts'
import type { RecordHeader } from './document-payload.ts'
import type { Envelope } from './envelope.ts'

/** W3C Trace Context, level 1: version 00. An all-zero id is invalid. */
const traceParent = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/**
 * The same envelope with the header `traceparent`: what the writer has put into this attribute of the item (and
 * `tracestate` from the attribute of that name). Items without one get a trace of their own, made of the change's id, so
 * that all records of a change belong to one trace, in every attempt; rows of snapshots get none.
 */
export function withTraceContext(inner: Envelope, attribute: string): Envelope {
  return {
    wrap: (event, nowMs, isShort) => {
      const payload = documentsOf(inner.wrap(event, nowMs, isShort))
      const headers = traceHeaders(event, attribute)
      if (headers.length === 0) return payload
      const records = payload.records.map((record) => ({ ...record, headers: [...record.headers, ...headers] }))
      return { ...payload, records }
    },
    shapes: (row) => inner.shapes(row),
  }
}

function traceHeaders({ newImage, oldImage, eventId }: ChangeEvent, attribute: string): readonly RecordHeader[] {
  const image = newImage ?? oldImage
  const given = textOf(image, attribute)
  if (given !== undefined && traceParent.test(given)) {
    const state = textOf(image, 'tracestate')
    return [['traceparent', given], ...(state === undefined ? [] : [['tracestate', state] as const])]
  }
  const own = ownTrace(eventId)
  return own === undefined ? [] : [['traceparent', own]]
}

/** Ids of changes are 32 hexadecimal digits, or a UUID. Not sampled: nobody has decided that it is to be. */
function ownTrace(eventId: string): string | undefined {
  const digits = eventId.replaceAll('-', '').toLowerCase()
  const trace = `00-${digits}-${digits.slice(16)}-00`
  return traceParent.test(trace) ? trace : undefined
}

function textOf(image: Item | undefined, name: string): string | undefined {
  const value = image !== undefined && Object.hasOwn(image, name) ? image[name] : undefined
  return value !== undefined && 'S' in value && typeof value.S === 'string' ? value.S : undefined
}
