import type { Rng } from '../../../src/async/rng.ts'

/** A request that is about to be sent. */
export interface OutgoingRequest {
  readonly process: string
  readonly nodeId: number
  readonly action: string
  readonly version: number
  readonly request: readonly unknown[]
}

/** What becomes of one request and its answer. */
export interface Fate {
  /** `lost`: the sender waits for its time-out; `reset`: its connection breaks; `answered`: by somebody else. */
  readonly request: 'arrives' | 'lost' | 'reset' | 'answered'
  readonly requestMs: number
  /** The broker has done it, whatever becomes of the answer. */
  readonly response: 'arrives' | 'lost' | 'reset'
  readonly responseMs: number
  /** A second copy arrives then; its answer goes nowhere. */
  readonly copyMs: number | undefined
  /** For `answered`. */
  readonly answer?: unknown
  /** What the sender is told instead of what the broker answered. */
  readonly rewrite?: (answer: unknown) => unknown
}

/** Decides about one request; undefined leaves it to the next rule, and to chance at last. */
export type LinkFault = (request: OutgoingRequest) => Partial<Fate> | undefined

/** The network between the processes and the brokers. */
export interface Link {
  fateOf(request: OutgoingRequest): Fate
  /** Adds a rule in front of the others; the returned function removes it. */
  add(fault: LinkFault): () => void
  /** Nothing passes between a process and a broker, in both directions; undefined = all of them. */
  cut(process: string | undefined, nodeId: number | undefined): () => void
  isCut(process: string, nodeId: number): boolean
  clear(): void
  /** Milliseconds that every way takes at most; may be raised. */
  latencyMs: number
}

/** A network without faults. */
export function createLink(rng: Rng): Link {
  const faults = new Set<LinkFault>()
  const cuts = new Set<{ readonly process: string | undefined; readonly nodeId: number | undefined }>()
  const way = (): number => rng.next() ** 2 * link.latencyMs
  const link: Link = {
    latencyMs: 4,
    fateOf: (request) => {
      const usual: Fate = {
        request: 'arrives',
        requestMs: way(),
        response: 'arrives',
        responseMs: way(),
        copyMs: undefined,
      }
      if (link.isCut(request.process, request.nodeId)) return { ...usual, request: 'lost' }
      for (const fault of faults) {
        const found = fault(request)
        if (found !== undefined) return { ...usual, ...found }
      }
      return usual
    },
    add: (fault) => {
      faults.add(fault)
      return () => void faults.delete(fault)
    },
    cut: (process, nodeId) => {
      const cut = { process, nodeId }
      cuts.add(cut)
      return () => void cuts.delete(cut)
    },
    isCut: (process, nodeId) =>
      [...cuts].some(
        (cut) =>
          (cut.process === undefined || cut.process === process) && (cut.nodeId === undefined || cut.nodeId === nodeId),
      ),
    clear: () => {
      faults.clear()
      cuts.clear()
    },
  }
  return link
}
