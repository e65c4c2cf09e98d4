import type { ServedAnswer, ServedRequest, ServerScript } from './event-stream-server.ts'
import { exceptionEvent, jsonEvent } from './event-frame.ts'

/** Record number `n` of a shard, as the wire has it. */
export function wireRecord(n: number): Readonly<Record<string, unknown>> {
  return {
    SequenceNumber: String(n),
    PartitionKey: `key ${n % 3}`,
    ApproximateArrivalTimestamp: 1_800_000_000 + n / 1000,
    Data: Buffer.from(`record ${n}`).toString('base64'),
  }
}

/** An event with these records, which goes on behind the last of them, or behind `continuation`. */
export function recordsEvent(numbers: readonly number[], continuation = String(numbers.at(-1))): Buffer {
  const body = { Records: numbers.map(wireRecord), ContinuationSequenceNumber: continuation, MillisBehindLatest: 0 }
  return jsonEvent('SubscribeToShardEvent', body)
}

/** The event behind the last record of a closed shard. */
export function endEvent(...children: readonly string[]): Buffer {
  return jsonEvent('SubscribeToShardEvent', {
    Records: [],
    ContinuationSequenceNumber: null,
    MillisBehindLatest: 0,
    ChildShards: children.map((ShardId) => ({
      ShardId,
      ParentShards: ['a'],
      HashKeyRange: { StartingHashKey: '0', EndingHashKey: '1' },
    })),
  })
}

/** Where a subscription begins, as it was asked for. */
export function startingPosition({ body }: ServedRequest): Readonly<Record<string, unknown>> {
  const position = (body as { readonly StartingPosition?: Readonly<Record<string, unknown>> }).StartingPosition
  return position ?? {}
}

/** The ways in which a subscription can be over; `ends` is how it is after five minutes. */
export const waysToEnd = [
  'ends',
  'in use',
  'failure',
  'key',
  'half an event',
  'wrong checksum',
  'reset',
  'goAway',
  'cut',
] as const

/** Ends a subscription in one of them. */
export function endBy(way: (typeof waysToEnd)[number], answer: ServedAnswer): void {
  switch (way) {
    case 'ends':
      return answer.end()
    case 'in use':
      answer.send(exceptionEvent('ResourceInUseException', 'another subscription took over'))
      return answer.end()
    case 'failure':
      answer.send(exceptionEvent('InternalFailureException', 'sorry'))
      return answer.end()
    case 'key':
      answer.send(exceptionEvent('KMSThrottlingException', 'slower'))
      return answer.end()
    case 'half an event':
      answer.send(recordsEvent([999_999]).subarray(0, 50))
      return answer.end()
    case 'wrong checksum': {
      const damaged = recordsEvent([999_999])
      damaged.writeUInt8(damaged.readUInt8(60) ^ 1, 60)
      return void answer.send(damaged)
    }
    case 'reset':
      return answer.reset()
    case 'goAway':
      return answer.goAway(0)
    case 'cut':
      return answer.cut()
  }
}

/**
 * A closed shard of records 1 to `count`. Each subscription gets some of them, from where it begins or, as a service may, from
 * a little in front of it, and then ends in a way of chance; some are refused.
 */
export function restlessShard(count: number, next: () => number): ServerScript {
  const upTo = (n: number): number => Math.floor(next() * n)
  return (answer, request) => {
    if (upTo(5) === 0) {
      answer.head(400)
      answer.send('{"__type":"ResourceInUseException","message":"too early"}')
      return answer.end()
    }
    const { SequenceNumber: after = '0' } = startingPosition(request)
    let at = Math.max(Number(after) - upTo(3), 0)
    answer.head()
    answer.send(jsonEvent('initial-response', {}))
    for (let events = upTo(6); events > 0 && at < count; events--) {
      const numbers = Array.from({ length: upTo(8) }, (_, i) => at + 1 + i).filter((n) => n <= count)
      answer.send(recordsEvent(numbers, String(numbers.at(-1) ?? at)))
      at += numbers.length
    }
    if (at >= count) answer.send(endEvent('b', 'c'))
    else setTimeout(() => endBy(waysToEnd[upTo(waysToEnd.length)] ?? 'ends', answer), upTo(20))
  }
}
