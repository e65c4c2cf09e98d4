import { isDeepStrictEqual } from 'node:util'
import * as fc from 'fast-check'
import { parseJson } from '../../../src/aws/exact-json.ts'
import type { ChangeEvent } from '../../../src/change/change-event.ts'
import { decodeStreamRecord } from '../../../src/decode/decode-stream-record.ts'
import { TailraceError } from '../../../src/errors.ts'
import { arbitraryChange } from '../../oracle/arbitrary-items.ts'
import type { ArbitraryChange } from '../../oracle/arbitrary-items.ts'
import { violatedDebeziumRules } from '../../oracle/debezium-rules.ts'
import { jsonForms, nameOfForm } from '../../oracle/json-forms.ts'
import { differencesOfRecord, writeChange } from '../../oracle/written-json.ts'

/** Draws changes from a seed. Gives one line for each difference, with its place and no values. */
export function checkRoundTrips(seed: number, items: number): string[] {
  const changes = fc.sample(arbitraryChange, { seed, numRuns: items })
  return changes.flatMap((change, index) => differencesOf(change).map((what) => `seed ${seed}, item ${index}: ${what}`))
}

const formNames = jsonForms.map(nameOfForm)

/** Everything that is not as it was, one line each. */
function differencesOf(change: ArbitraryChange): string[] {
  try {
    const decoded = { ...change, event: decode(change) }
    if (!isDeepStrictEqual(decoded.event, change.event)) return ['decoded to another change']
    return jsonForms.flatMap((form, index) => {
      const records = writeChange(decoded, form)
      const found = [
        // Against what was drawn, so that a fault of the decoder cannot hide itself.
        ...differencesOfRecord(records[0], change, form),
        ...violatedDebeziumRules(records, { hasTombstones: true }),
      ]
      return found.map((what) => `${formNames[index]}: ${what}`)
    })
  } catch (error) {
    return [
      error instanceof TailraceError ? `refused with ${error.code}: ${error.message}` : `failed: ${String(error)}`,
    ]
  }
}

/** By way of the bytes of an answer of GetRecords. What a scan reads (`READ`) never comes in one. */
function decode({ event, table }: ArbitraryChange): ChangeEvent {
  if (event.operation === 'READ') return event
  const { keys, newImage, oldImage, sequenceNumber, sizeBytes, createdAtMs } = event
  const wire = {
    eventID: event.eventId,
    eventName: event.operation,
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: table.region,
    userIdentity: event.userIdentity,
    dynamodb: {
      ApproximateCreationDateTime: createdAtMs / 1000,
      Keys: keys,
      NewImage: newImage,
      OldImage: oldImage,
      SequenceNumber: sequenceNumber,
      SizeBytes: sizeBytes,
      StreamViewType: table.viewType,
    },
  }
  return decodeStreamRecord(parseJson(Buffer.from(JSON.stringify(wire))), table, event.shardId)
}
