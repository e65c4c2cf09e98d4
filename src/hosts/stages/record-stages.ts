import type { Table } from '../../change/table.ts'
import type { Envelope } from '../../envelope/envelope.ts'
import type { Stages, WrittenRecord } from '../../pipeline/stages.ts'
import { operationHeader, tableHeader } from '../../serialize/record-headers.ts'
import { processPage } from './change-stages.ts'
import { readStreamUnit } from './read-stream-unit.ts'
import { processRows, processVanished } from './row-stages.ts'
import type { RecordStagesOptions } from './stage-parts.ts'

/** Decode → transform → envelope → serialize → partition, page by page. */
export function createRecordStages(options: RecordStagesOptions): Stages {
  const envelopes = new Map<string, Envelope>()
  const envelopeOf = (table: Table): Envelope => {
    const known = envelopes.get(table.streamArn)
    if (known !== undefined) return known
    const made = options.envelopeFor(table)
    envelopes.set(table.streamArn, made)
    return made
  }
  return {
    process: (input, signal) => {
      const reading = { envelope: envelopeOf(input.table.table), readUnit: readStreamUnit }
      return processPage(input, reading, options, signal)
    },
    processRows: (input, signal) => processRows(input, envelopeOf(input.table.table), options, signal),
    processVanished: (input, signal) => processVanished(input, envelopeOf(input.table.table), options, signal),
    presenceOf: (record, table) => {
      if (headerOf(record, tableHeader) !== table.name) return 'foreign'
      return isDelete(record, options) ? 'gone' : 'there'
    },
  }
}

/** Forms that cannot be looked into at a glance say it in a header. */
function isDelete(record: WrittenRecord, { serializer }: RecordStagesOptions): boolean {
  if (record.value === null) return true
  const operation = headerOf(record, operationHeader)
  return operation === undefined ? serializer.isDelete(record.value) : operation === 'd'
}

function headerOf({ headers }: WrittenRecord, wanted: string): string | undefined {
  return headers.find(([name]) => name === wanted)?.[1]?.toString()
}
