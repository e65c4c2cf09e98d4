import { systemClock as clock } from '../../../src/async/system-clock.ts'
import { freePorts } from '../../../src/hosts/demo/free-ports.ts'
import { startServiceProcess } from '../../servers/service-under-test.ts'
import type { ServiceProcessUnderTest } from '../../servers/service-under-test.ts'

/** Places for the processes of one service, each with an address of its own that every process started there has. */
export interface ServiceSlots extends AsyncDisposable {
  /** By place. */
  readonly urls: readonly string[]
  stateOf(place: number): SlotState
  /** Resolves when the process says that it is ready. */
  start(place: number): Promise<void>
  /** SIGKILL. */
  kill(place: number): Promise<void>
  /** SIGTERM; resolves when it has ended. An exit code other than 0 is a fault of its own. */
  stop(place: number): Promise<void>
  /** SIGSTOP. Resolves when the kernel has been told. */
  freeze(place: number): void
  /** SIGCONT. */
  thaw(place: number): void
  /** What processes did that nobody had asked for, one line each. */
  readonly faults: readonly string[]
}

/** `starting` is not ready yet. */
export type SlotState = 'down' | 'starting' | 'up' | 'frozen'

interface Slot {
  state: SlotState
  process: ServiceProcessUnderTest | undefined
}

const starts = 3

/** Nobody is started yet. `properties` are those of the worker's file. */
export async function openServiceSlots(options: {
  readonly directory: string
  readonly places: number
  readonly properties: Readonly<Record<string, string>>
}): Promise<ServiceSlots> {
  const { directory, places, properties } = options
  const urls = (await freePorts(places)).map((port) => `http://127.0.0.1:${port}`)
  const slots = urls.map((): Slot => ({ state: 'down', process: undefined }))
  const faults: string[] = []
  let started = 0
  const slotOf = (place: number): Slot => {
    const slot = slots[place]
    if (slot === undefined) throw new Error(`there is no place ${place}`)
    return slot
  }
  const begin = async (place: number): Promise<ServiceProcessUnderTest> => {
    const listeners = urls[place] ?? ''
    for (let attempt = 1; ; attempt++) {
      const name = `process-${place}-${++started}`
      try {
        return await startServiceProcess({ directory, name, properties: { ...properties, listeners } })
      } catch (error) {
        faults.push(`${name} did not become ready: ${String(error).slice(-600)}`)
        if (attempt === starts) throw error
      }
    }
  }
  const tellEnd = async (place: number, process: ServiceProcessUnderTest): Promise<void> => {
    const { code, signal: by } = await process.ended
    if (slotOf(place).process === process) faults.push(`place ${place} ended by itself: code ${code}, signal ${by}`)
  }
  const taken = (place: number): ServiceProcessUnderTest | undefined => {
    const slot = slotOf(place)
    const { process } = slot
    slot.state = 'down'
    slot.process = undefined
    return process
  }
  const signal = (place: number, name: 'SIGSTOP' | 'SIGCONT'): void => {
    const { process: found } = slotOf(place)
    if (found !== undefined) process.kill(found.pid, name)
  }
  return {
    urls,
    faults,
    stateOf: (place) => slotOf(place).state,
    start: async (place) => {
      const slot = slotOf(place)
      slot.state = 'starting'
      const process = await begin(place)
      slot.process = process
      slot.state = 'up'
      void tellEnd(place, process)
    },
    kill: async (place) => {
      await taken(place)?.kill()
    },
    stop: async (place) => {
      const beganMs = clock.monotonic()
      const code = await taken(place)?.stop()
      const tookMs = Math.round(clock.monotonic() - beganMs)
      if (code !== undefined && code !== 0) faults.push(`place ${place} ended with ${code} ${tookMs} ms after SIGTERM`)
    },
    freeze: (place) => {
      slotOf(place).state = 'frozen'
      signal(place, 'SIGSTOP')
    },
    thaw: (place) => {
      const slot = slotOf(place)
      if (slot.state !== 'frozen') return
      signal(place, 'SIGCONT')
      slot.state = 'up'
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(slots.map(async (_, place) => taken(place)?.kill()))
    },
  }
}
