import { systemClock as clock } from '../../../src/async/system-clock.ts'
import { TailraceError } from '../../../src/errors.ts'
import type { Direction, TcpToxic } from '../../faults/toxic.ts'
import { temporaryFolder } from '../../servers/temporary-folder.ts'
import type { Experiment } from '../experiment.ts'
import { cutConnections } from './cut-connections.ts'
import { nameOfDoor } from './kafka-behind-doors.ts'
import { startTailraceRun } from './tailrace-run.ts'
import type { TailraceRun } from './tailrace-run.ts'
import { textOfNote } from './tended-workers.ts'
import { certificateWay } from './ways-in.ts'

const workers = 3
const rounds = 12
const roundMs = 2_500
const recoveryMs = 45_000
const connectTimeoutMs = 2_000
/** What a worker may take above its time-out to say so: the second that it gives the library, and a busy machine. */
const lateMs = 2_500
/**
 * Somewhat less than the broker's side of a handshake with certificates on both sides; the worker's side is longer. What
 * is cut in front of that is cut in the middle.
 */
const handshakeBytes = 2_200
/** Prime to the length above, so that the rounds of all runs meet every byte. */
const stride = 397

/** E18-tls: between worker and broker, TLS handshakes break off, arrive in crumbs, or are never answered. */
export const brokenHandshakes: Experiment = {
  id: 'E18-tls',
  title:
    'TLS handshakes break off at any of their first 2,200 bytes, come in pieces of 1 to 64 bytes, or never get an answer',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 1_500, faults: { 'broken-handshake': 100 } },
  target: { faults: { 'broken-handshake': 1_000 } },
  run: async (seed, signal) => {
    await using folder = await temporaryFolder()
    const way = await certificateWay(folder.path, nameOfDoor(0))
    await using run = await startTailraceRun({
      seed,
      signal,
      workers,
      doors: workers,
      doorListeners: Array.from({ length: workers }, () => way.listener),
      credentialsOf: () => ({ ...way.credentials(), connectTimeoutMs }),
      requestTimeoutMs: 3_000,
    })
    for (const door of run.ground.kafka.doors) {
      for (const direction of ['upstream', 'downstream'] as const)
        door.add({ kind: 'slicer', direction, minBytes: 1, maxBytes: 64 })
    }
    const hangs: string[] = []
    for (let round = 0; round < rounds; round++) {
      signal.throwIfAborted()
      hangs.push(...(await (round % 4 === 3 ? nobodyAnswers(run) : breakOff(run, seed * rounds + round))))
      if (!(await run.ground.watch.untilCaughtUp(recoveryMs)))
        hangs.push(`lag was not below 5 s ${recoveryMs} ms after round ${round}`)
    }
    const deaths = run.workers.notes.filter(({ event }) => event.kind === 'worker-died').map(textOfNote)
    return await run.finish({ hangs: [...hangs, ...deaths] })
  },
}

/** Most new connections end behind some byte of the handshake, of either side. */
async function breakOff({ ground, book }: TailraceRun, serial: number): Promise<readonly string[]> {
  const { rng } = ground
  const toxics = await strikeNewConnections(ground, () => {
    const direction: Direction = rng.next() < 0.5 ? 'upstream' : 'downstream'
    const n = 1 + ((serial * stride + Math.floor(rng.next() * stride)) % handshakeBytes)
    return { kind: 'cut-at-byte', n, direction, ending: rng.next() < 0.5 ? 'reset' : 'close', probability: 0.8 }
  })
  await clock.sleep(roundMs)
  for (const toxic of toxics) {
    await toxic.remove()
    book.struck('broken-handshake', toxic.struck)
  }
  book.ended()
  return []
}

/** The connection is there, and the broker says nothing: a worker must give it up in time, and say so. */
async function nobodyAnswers({ ground, book, workers: { notes } }: TailraceRun): Promise<readonly string[]> {
  const from = notes.length
  const since = clock.monotonic()
  const toxics = await strikeNewConnections(ground, () => ({ kind: 'black-hole', direction: 'downstream' }))
  const limitMs = connectTimeoutMs + lateMs
  await clock.sleep(limitMs)
  const isTold = notes.slice(from).some(({ event, atMs }) => {
    if (!('error' in event) || !(event.error instanceof TailraceError)) return false
    return event.error.code === 'KAFKA_TIMEOUT' && atMs - since <= limitMs
  })
  for (const toxic of toxics) {
    await toxic.remove()
    book.struck('broken-handshake', toxic.struck)
  }
  book.ended()
  return isTold ? [] : [`nobody gave up a handshake without an answer within ${limitMs} ms`]
}

/** Puts a toxic of its own into each door, for connections from now on, and ends the old ones. */
async function strikeNewConnections(
  { kafka: { doors } }: TailraceRun['ground'],
  toxicOf: () => TcpToxic,
): Promise<readonly ReturnType<(typeof doors)[number]['add']>[]> {
  return Promise.all(
    doors.map(async (door) => {
      const { accepted } = door
      const toxic = door.add({ ...toxicOf(), whenConnection: ({ id }) => id > accepted })
      await cutConnections(door)
      return toxic
    }),
  )
}
