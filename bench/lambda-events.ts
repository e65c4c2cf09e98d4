import { seededRng } from '../src/async/rng.ts'
import { makeChange } from './replay-backlog.ts'

/** What events name. */
export interface EventSource {
  readonly streamArn: string
  readonly shardId: string
}

/** Makes the events that Lambda would hand over, of one shard, each going on behind the one before. */
export interface EventMaker {
  next(records: number): Buffer
  /** Records in all events so far. */
  readonly made: number
}

const rng = seededRng(7)
const firstSequenceNumber = 428_379_100_000_000_012_345_678n

/** Events of a mapping with a tumbling window, of small shop orders; functions that know no windows ignore that part. */
export function createEventMaker({ streamArn, shardId }: EventSource): EventMaker {
  let made = 0
  return {
    get made() {
      return made
    },
    next: (records) => {
      const wires = Array.from({ length: records }, (_, index) => {
        const at = made + index
        const place = {
          sequenceNumber: String(firstSequenceNumber + BigInt(at)),
          createdAtS: Math.floor(Date.now() / 1000),
        }
        const { json } = makeChange(0, at, rng, place)
        return `${json.slice(0, -1)},"eventSourceARN":"${streamArn}"}`
      })
      made += records
      const window = '{"start":"2026-11-26T12:00:00Z","end":"2026-11-26T12:15:00Z"}'
      const flags = '"state":{},"isFinalInvokeForWindow":false,"isWindowTerminatedEarly":false'
      return Buffer.from(
        `{"Records":[${wires.join(',')}],"shardId":"${shardId}","eventSourceARN":"${streamArn}","window":${window},${flags}}`,
      )
    },
  }
}
