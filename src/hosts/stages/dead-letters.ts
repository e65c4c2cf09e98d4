import { TailraceError } from '../../errors.ts'
import { partitionOfKey } from '../../kafka/partitioner.ts'
import type { ProducerRecord } from '../../kafka/kafka.ts'
import { letterOf } from '../../rejection/dead-letter.ts'
import { wishesDeadLetter } from '../../rejection/dead-letter-wish.ts'
import { chunksOf } from '../../rejection/letter-chunks.ts'
import type { RejectedRecord } from '../../rejection/rejection.ts'
import { unwritable } from './dead-letter-topic.ts'
import type { DeadLetterTopic } from './dead-letter-topic.ts'
import { sizeOf } from './producer-records.ts'
import type { DeadLetters } from './stage-parts.ts'

export interface DeadLettersOptions {
  readonly pipeline: string
  /** `none`: only errors that ask for it become dead letters. */
  readonly tolerance: 'none' | 'all'
  readonly hasContextHeaders: boolean
  readonly topic: DeadLetterTopic
}

/** Positions whose attempts are counted; beyond, the oldest ones are forgotten and begin at 1 again. */
const mostPositions = 10_000

/** Takes rejected records into the dead-letter topic, each in parts where the topic takes only smaller records. */
export function createDeadLetters(options: DeadLettersOptions): DeadLetters {
  const { topic, pipeline, tolerance, hasContextHeaders } = options
  const attempts = createAttempts()
  return {
    accept: async (rejected, { table: entry, nowMs, timestampMs }, signal) => {
      const { error } = rejected
      // What is wrong with a topic is wrong with every record that goes there, and order is lost where some are left out.
      if (error.code === 'OUTPUT_TOPIC_CHANGED') return undefined
      if (tolerance === 'none' && !wishesDeadLetter(error)) return undefined
      const { table } = entry
      try {
        if (topic.name === entry.topic) throw unwritable(topic.name, `it is the topic of table ${table.name}`)
        const { partitions, maxRecordBytes } = await topic.facts(signal)
        const attempt = attempts.countOf(rejected, table.streamArn)
        const letter = letterOf(rejected, { pipeline, table, topic: entry.topic, nowMs, attempt, hasContextHeaders })
        const chunks = chunksOf(letter, { maxRecordBytes, sizeOf })
        if (chunks === undefined) throw unwritable(topic.name, `it takes no record beyond ${maxRecordBytes} bytes`)
        const partition = partitionOfKey(letter.key, partitions)
        return chunks.map((chunk): ProducerRecord => ({
          topic: topic.name,
          partition,
          timestamp: timestampMs,
          ...chunk,
        }))
      } catch (refused) {
        throw explained(refused, error)
      }
    },
  }
}

/** People must see what is wrong with the record, too: mending that is the other way out. */
function explained(refused: unknown, error: TailraceError): unknown {
  if (!(refused instanceof TailraceError) || refused.code !== 'DEAD_LETTER_UNWRITABLE') return refused
  return new TailraceError(
    'DEAD_LETTER_UNWRITABLE',
    `${refused.message}; the record: [${error.code}] ${error.message}`,
    {
      cause: refused.cause,
      details: { ...error.details, ...refused.details, rejected: error.code, deadLetter: undefined },
    },
  )
}

interface Attempts {
  /** How often it was asked about this record, this time included. */
  countOf(rejected: RejectedRecord, streamArn: string): number
}

function createAttempts(): Attempts {
  const counts = new Map<string, number>()
  return {
    countOf: ({ origin }, streamArn) => {
      // A row comes again with another page: it has no place of its own.
      if (origin.kind === 'row') return 1
      const position = `${streamArn} ${origin.shard} ${origin.sequenceNumber}`
      const count = (counts.get(position) ?? 0) + 1
      counts.delete(position)
      counts.set(position, count)
      if (counts.size > mostPositions)
        for (const oldest of counts.keys()) {
          counts.delete(oldest)
          break
        }
      return count
    },
  }
}
