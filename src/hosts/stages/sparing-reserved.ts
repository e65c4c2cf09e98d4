import { TailraceError } from '../../errors.ts'
import type { TableEntry } from '../../lanes/ledger-entry.ts'
import type { Stages } from '../../pipeline/stages.ts'
import type { TopicProvisioner } from '../../pipeline/topic-provisioner.ts'

/**
 * Makes no records of a page whose table's own topic is reserved: the page fails at its first record, which stops the table. None of them becomes a
 * dead letter. Topics that records are routed to are looked at by who provides them.
 */
export function sparingReserved(stages: Stages, topics: Pick<TopicProvisioner, 'refuseReserved'>): Stages {
  const failureFor = ({ topic, table }: TableEntry): TailraceError | undefined => {
    try {
      topics.refuseReserved(topic)
      return undefined
    } catch (error) {
      if (!(error instanceof TailraceError)) throw error
      const text = `table ${table.name} cannot be written: ${error.message}`
      return new TailraceError(error.code, text, { cause: error, details: { ...error.details, table: table.name } })
    }
  }
  return {
    ...stages,
    process: (input, signal) => {
      const failure = failureFor(input.table)
      return failure === undefined ? stages.process(input, signal) : Promise.resolve({ ...noChanges, failure })
    },
    processRows: (input, signal) => {
      const failure = failureFor(input.table)
      return failure === undefined ? stages.processRows(input, signal) : Promise.resolve({ ...noRows, failure })
    },
    processVanished: (input, signal) => {
      const failure = failureFor(input.table)
      return failure === undefined ? stages.processVanished(input, signal) : Promise.resolve({ ...noRows, failure })
    },
  }
}

const nothing = { records: [], bytes: 0, left: { dropped: 0, rejected: [] }, attachments: [] } as const
const noChanges = { ...nothing, changes: 0, contained: 0, caughtUp: [], read: 0, last: undefined } as const
const noRows = { ...nothing, rows: 0, images: [] } as const
