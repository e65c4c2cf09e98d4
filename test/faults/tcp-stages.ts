import type { Clock } from '../../src/async/clock.ts'
import type { Rng } from '../../src/async/rng.ts'
import { pause } from './pause.ts'
import type { TcpToxic, Toxic } from './toxic.ts'

/** One toxic at work on one direction of one connection. */
export interface Stage {
  /** Called once, as the toxic strikes. */
  begin?(): Promise<void>
  /** Called for one chunk after the other. `arrivedAt` is the monotonic time at which the proxy read it. */
  bytes?(chunk: Buffer, arrivedAt: number, next: (piece: Buffer) => Promise<void>): Promise<void>
  /** The sender has ended its direction; resolves when the receiver may hear of it. */
  end?(arrivedAt: number): Promise<void>
}

/** What a stage acts on. */
export interface StageContext {
  readonly clock: Clock
  readonly rng: Rng
  /** Aborts when the toxic is removed or the connection is gone: whatever waits, goes on. */
  readonly over: AbortSignal
  /** Bytes that the receiver was given since the connection was opened. */
  delivered(): number
  /** Ends the connection behind what was delivered. */
  close(): void
  /** RST to both ends. */
  reset(): void
}

/** The stage of a TCP toxic, or undefined for the others. */
export function createStage(toxic: Toxic, context: StageContext): Stage | undefined {
  switch (toxic.kind) {
    case 'latency': {
      return latency(toxic, context)
    }
    case 'bandwidth': {
      return bandwidth(toxic, context)
    }
    case 'slicer': {
      return slicer(toxic, context)
    }
    case 'black-hole': {
      return blackHole(toxic, context)
    }
    case 'stall': {
      return stall(toxic, context)
    }
    case 'reset': {
      return {
        begin: async () => {
          if (await pause(context.clock, toxic.afterMs ?? 0, context.over)) context.reset()
        },
      }
    }
    case 'cut-at-byte': {
      return cutAtByte(toxic, context)
    }
    case 'down': {
      return {
        begin: () => {
          context.reset()
          return Promise.resolve()
        },
      }
    }
    case 'slow-close': {
      return { end: () => wait(context, toxic.ms) }
    }
    default: {
      return undefined
    }
  }
}

type ToxicOf<K extends TcpToxic['kind']> = Extract<TcpToxic, { readonly kind: K }>

async function wait({ clock, over }: StageContext, ms: number): Promise<void> {
  if (ms > 0) await pause(clock, ms, over)
}

function latency({ ms, jitterMs = 0 }: ToxicOf<'latency'>, context: StageContext): Stage {
  const untilDue = (arrivedAt: number): Promise<void> => {
    const jitter = (context.rng.next() * 2 - 1) * jitterMs
    return wait(context, arrivedAt + Math.max(0, ms + jitter) - context.clock.monotonic())
  }
  return {
    bytes: async (chunk, arrivedAt, next) => {
      await untilDue(arrivedAt)
      await next(chunk)
    },
    end: untilDue,
  }
}

/** So often a second the next bytes go out. */
const ticks = 50

function bandwidth({ bytesPerSecond }: ToxicOf<'bandwidth'>, context: StageContext): Stage {
  const size = Math.max(1, Math.floor(bytesPerSecond / ticks))
  return {
    bytes: async (chunk, _, next) => {
      for (let at = 0; at < chunk.length; at += size) {
        const piece = chunk.subarray(at, at + size)
        await next(piece)
        await wait(context, (piece.length / bytesPerSecond) * 1000)
      }
    },
  }
}

function slicer({ minBytes, maxBytes, delayMs = 0 }: ToxicOf<'slicer'>, context: StageContext): Stage {
  return {
    bytes: async (chunk, _, next) => {
      for (let at = 0; at < chunk.length;) {
        const size = minBytes + Math.floor(context.rng.next() * (maxBytes - minBytes + 1))
        await next(chunk.subarray(at, at + size))
        at += size
        await wait(context, delayMs)
      }
    },
  }
}

function blackHole({ ms }: ToxicOf<'black-hole'>, context: StageContext): Stage {
  const ended = Promise.withResolvers<void>()
  let isOver = false
  let hasLost = false
  return {
    begin: async () => {
      await pause(context.clock, ms, context.over)
      isOver = true
      // What follows a hole would be another message than the one that was sent.
      if (hasLost) context.reset()
      ended.resolve()
    },
    bytes: async (chunk, _, next) => {
      if (isOver) await next(chunk)
      else hasLost = true
    },
    end: () => ended.promise,
  }
}

function stall({ ms }: ToxicOf<'stall'>, context: StageContext): Stage {
  const ended = Promise.withResolvers<void>()
  return {
    begin: async () => {
      await pause(context.clock, ms, context.over)
      ended.resolve()
    },
    bytes: async (chunk, _, next) => {
      await ended.promise
      await next(chunk)
    },
    end: () => ended.promise,
  }
}

function cutAtByte({ n, ending = 'close' }: ToxicOf<'cut-at-byte'>, context: StageContext): Stage {
  const cut = ending === 'close' ? context.close : context.reset
  return {
    begin: () => {
      if (context.delivered() >= n) cut()
      return Promise.resolve()
    },
    bytes: async (chunk, _, next) => {
      if (context.over.aborted) return next(chunk)
      const left = n - context.delivered()
      if (left > 0) await next(chunk.subarray(0, left))
      if (chunk.length >= left) cut()
    },
  }
}
