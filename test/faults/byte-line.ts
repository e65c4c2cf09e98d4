import type { Socket } from 'node:net'
import type { Clock } from '../../src/async/clock.ts'
import type { Stage } from './tcp-stages.ts'

/**
 * How a line ends. `end`: this direction only. `close`: the receiver gets what was sent and then the end, and the other
 * end of the connection is closed too. `reset`: RST to both ends.
 */
export type Ending = 'end' | 'close' | 'reset'

/** One direction of a connection behind the protocol: bytes go through the TCP toxics in order, and to the receiver. */
export interface ByteLine {
  /** Bytes that the receiver was given. */
  readonly delivered: number
  /** Resolves when there is room for more; what is sent behind an ending, or to a receiver that is gone, vanishes. */
  send(bytes: Buffer): Promise<void>
  /** Ends behind what was sent. Resolves when it has happened. */
  finish(ending: Ending): Promise<void>
}

export interface ByteLineOptions {
  readonly clock: Clock
  readonly to: Socket
  /** The stages to go through, in order; asked for each chunk. */
  stages(): readonly Stage[]
  /** Carries out an ending. */
  onFinish(ending: Ending): void
}

/** So much may be on its way before the sender has to wait. */
const windowBytes = 256 * 1024

/** Makes a line. */
export function createByteLine(options: ByteLineOptions): ByteLine {
  return new OrderedLine(options)
}

class OrderedLine implements ByteLine {
  delivered = 0
  readonly #options: ByteLineOptions
  #tail: Promise<void> = Promise.resolve()
  #queued = 0
  #isFinished = false

  constructor(options: ByteLineOptions) {
    this.#options = options
  }

  async send(bytes: Buffer): Promise<void> {
    if (this.#isFinished || bytes.length === 0) return
    const arrivedAt = this.#options.clock.monotonic()
    this.#queued += bytes.length
    this.#tail = this.#pass(this.#tail, bytes, arrivedAt)
    if (this.#queued > windowBytes) await this.#tail
  }

  async finish(ending: Ending): Promise<void> {
    if (this.#isFinished) return
    this.#isFinished = true
    const arrivedAt = this.#options.clock.monotonic()
    this.#tail = this.#end(this.#tail, ending, arrivedAt)
    await this.#tail
  }

  async #pass(before: Promise<void>, bytes: Buffer, arrivedAt: number): Promise<void> {
    await before
    await this.#through(bytes, arrivedAt)
    this.#queued -= bytes.length
  }

  async #end(before: Promise<void>, ending: Ending, arrivedAt: number): Promise<void> {
    await before
    for (const stage of this.#options.stages()) await stage.end?.(arrivedAt)
    this.#options.onFinish(ending)
  }

  async #through(bytes: Buffer, arrivedAt: number): Promise<void> {
    const stages = this.#options.stages()
    const step = async (index: number, piece: Buffer): Promise<void> => {
      const stage = stages[index]
      if (stage === undefined) await this.#write(piece)
      else if (stage.bytes === undefined) await step(index + 1, piece)
      else await stage.bytes(piece, arrivedAt, (part) => step(index + 1, part))
    }
    await step(0, bytes)
  }

  async #write(bytes: Buffer): Promise<void> {
    const { to } = this.#options
    if (!to.writable) return
    // Called too when the socket is destroyed meanwhile.
    const hasFailed = await new Promise<boolean>((resolve) => {
      to.write(bytes, (error) => resolve(error !== null && error !== undefined))
    })
    if (!hasFailed) this.delivered += bytes.length
  }
}
