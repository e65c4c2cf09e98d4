import type { FetchedRecord } from '../../../src/kafka/kafka.ts'
import type { DeliveredRecord } from '../../../src/oracle/oracle.ts'
import type { Topic } from '../kafka/cluster-state.ts'
import { deadLetterTopic } from '../world/dead-letter-topic.ts'
import { committedReader, createOutputScan } from '../world/output-scan.ts'
import type { Partition } from '../kafka/cluster-state.ts'

/** One committed record, and the arrival in the stream that it stands for. */
export interface DeliveredChange {
  readonly record: DeliveredRecord
  readonly sequenceNumber: string
  /** It has the header that says so. */
  readonly isFlagged: boolean
}

/** What is readable by now in the topics of tables, and among the dead letters. */
export interface StreamOutput {
  /** Reads on. */
  advance(): void
  readonly delivered: readonly DeliveredChange[]
  /** Sequence numbers of what became a dead letter. */
  readonly deadLetters: readonly string[]
  /** Sequence numbers of all of them. */
  readonly seen: ReadonlySet<string>
  readonly strayTombstones: number
}

/** `topics` is looked at again each time; those of `ledgerTopic` are left out. */
export function watchStreamOutput(topics: () => readonly Topic[], ledgerTopic: string): StreamOutput {
  const delivered: DeliveredChange[] = []
  const deadLetters: string[] = []
  const seen = new Set<string>()
  const letterReaders = new Map<Partition, ReturnType<typeof committedReader>>()
  const outputs = (): readonly Topic[] =>
    topics().filter(({ name }) => name !== ledgerTopic && name !== deadLetterTopic)
  const tableOf = (topic: string): string => topic.slice(topic.indexOf('.') + 1)
  const scan = createOutputScan(outputs, tableOf, (record, { headers }) => {
    const sequenceNumber = record.position?.sequenceNumber ?? ''
    const isFlagged = headers.some(([name, value]) => name === 'tailrace.late' && value?.toString() === 'true')
    delivered.push({ record, sequenceNumber, isFlagged })
    seen.add(sequenceNumber)
  })
  const takeLetter = ({ key }: FetchedRecord): void => {
    const { seq } = JSON.parse(key?.toString() ?? '{}') as { readonly seq?: string }
    deadLetters.push(seq ?? '')
    seen.add(seq ?? '')
  }
  return {
    delivered,
    deadLetters,
    seen,
    get strayTombstones() {
      return scan.strayTombstones
    },
    advance: () => {
      scan.advance()
      for (const { name, partitions } of topics()) {
        if (name !== deadLetterTopic) continue
        for (const partition of partitions) {
          const read = letterReaders.get(partition) ?? committedReader(partition)
          letterReaders.set(partition, read)
          read(takeLetter)
        }
      }
    },
  }
}
