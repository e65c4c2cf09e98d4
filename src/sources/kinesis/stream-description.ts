import { AwsServiceError } from '../../aws/aws.ts'
import { createRequestBudget } from '../../aws/throttling.ts'
import { TailraceError } from '../../errors.ts'
import { patientCall } from '../source-context.ts'
import type { SourceContext } from '../source-context.ts'
import { readStreamSummary } from './stream-summary.ts'
import type { StreamDescription } from './stream-summary.ts'

/** Descriptions of streams, asked for no oftener than needed: all shards of a process share them. */
export interface StreamDescriptions {
  /**
   * The stream as it was later than `asOf` (Clock.monotonic); undefined if there is none of that name or ARN. Whoever asks
   * for the same while a request waits for its turn shares its answer. Throttles and the like are waited out.
   */
  get(nameOrArn: string, asOf: number, signal: AbortSignal): Promise<StreamDescription | undefined>
}

/** An account has 20 DescribeStreamSummary a second, for all streams and all processes together. */
const describesPerSecond = 4

interface Flight {
  /** Undefined while the request waits for its turn. Clock.monotonic. */
  sentAt: number | undefined
  waiters: number
  readonly stop: AbortController
  readonly answer: Promise<StreamDescription | undefined>
}

/** What is known of one stream, and the request that is under way. */
interface Known {
  description: StreamDescription | undefined
  /** When it was asked for. */
  asOf: number
  flight: Flight | undefined
}

/** Remembers the last description of each stream. */
export function createStreamDescriptions(context: SourceContext): StreamDescriptions {
  const { clock } = context
  const budget = createRequestBudget({ clock, perSecond: describesPerSecond, burst: describesPerSecond })
  const streams = new Map<string, Known>()

  const send = (nameOrArn: string, known: Known): Flight => {
    const stop = new AbortController()
    const work = async (): Promise<StreamDescription | undefined> => {
      await budget.take('account', stop.signal)
      const sentAt = clock.monotonic()
      flight.sentAt = sentAt
      const description = await describe(context, nameOrArn, stop.signal)
      if (sentAt >= known.asOf) Object.assign(known, { description, asOf: sentAt })
      return description
    }
    const flight: Flight = { sentAt: undefined, waiters: 0, stop, answer: Promise.resolve().then(work) }
    const land = (): void => {
      if (known.flight === flight) known.flight = undefined
    }
    flight.answer.then(land, land)
    return flight
  }

  return {
    get: async (nameOrArn, asOf, signal) => {
      signal.throwIfAborted()
      const known = streams.get(nameOrArn) ?? {
        description: undefined,
        asOf: Number.NEGATIVE_INFINITY,
        flight: undefined,
      }
      streams.set(nameOrArn, known)
      if (known.asOf > asOf) return known.description
      const isShared = known.flight !== undefined && (known.flight.sentAt === undefined || known.flight.sentAt > asOf)
      const flight = isShared && known.flight !== undefined ? known.flight : send(nameOrArn, known)
      known.flight = flight
      return await landing(flight, known, signal)
    },
  }
}

/** Waits for the answer as long as the signal lets it. A request that nobody waits for any more is called off. */
async function landing(flight: Flight, known: Known, signal: AbortSignal): Promise<StreamDescription | undefined> {
  flight.waiters++
  let leave: (() => void) | undefined
  const called = new Promise<never>((_, reject) => {
    leave = () => reject(signal.reason as Error)
    signal.addEventListener('abort', leave, { once: true })
  })
  try {
    return await Promise.race([flight.answer, called])
  } finally {
    if (leave !== undefined) signal.removeEventListener('abort', leave)
    flight.waiters--
    if (flight.waiters === 0) {
      if (known.flight === flight) known.flight = undefined
      flight.stop.abort(new TailraceError('INTERNAL', 'nobody waits for the description'))
    }
  }
}

async function describe(
  context: SourceContext,
  nameOrArn: string,
  signal: AbortSignal,
): Promise<StreamDescription | undefined> {
  try {
    return await patientCall(
      context,
      {
        service: 'kinesis',
        action: 'DescribeStreamSummary',
        body: nameOrArn.startsWith('arn:') ? { StreamARN: nameOrArn } : { StreamName: nameOrArn },
        subject: { streamArn: nameOrArn },
        read: (answer) => readStreamSummary(answer.body),
      },
      signal,
    )
  } catch (error) {
    if (error instanceof AwsServiceError && saysMissing(error.type, nameOrArn)) return undefined
    throw error
  }
}

/** A name that no stream can have is refused as such. An ARN is one that the service has told. */
function saysMissing(type: string, nameOrArn: string): boolean {
  if (type === 'ResourceNotFoundException') return true
  return !nameOrArn.startsWith('arn:') && (type === 'ValidationException' || type === 'InvalidArgumentException')
}
