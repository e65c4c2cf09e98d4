import { apiKeys, apiName } from './kafka-apis.ts'
import { answerWithCode, hasPlaceForCode } from './kafka-answers.ts'
import type { KnownCluster } from './kafka-answers.ts'
import { createFrameSplitter, readAnswer, readRequest } from './kafka-frames.ts'
import type { RequestFrame } from './kafka-frames.ts'
import { pause } from './pause.ts'
import type { ProtocolSession, SessionContext, SessionFactory } from './protocol-session.ts'
import type { Hold, ToxicEntry } from './toxic-entry.ts'
import { directionOf } from './toxic-rules.ts'
import type { KafkaAnswer, KafkaToxic, Toxic } from './toxic.ts'

/** What the sessions of one proxy have in common. */
export interface KafkaUpstream {
  /** Sends a frame over a connection of its own. Resolves with the frame of the answer. */
  sendCopy(frame: Buffer): Promise<Buffer>
  /** What a client is told about the cluster before any broker has said anything. */
  readonly cluster: KnownCluster
}

/** A request whose answer has not been passed on yet. */
interface Pending {
  readonly request: RequestFrame
  /** The proxy's own answer, which waits until those before it are answered. */
  readonly ownAnswer?: Buffer
  /** Told when the broker has answered, or (undefined) when it will not. */
  readonly listeners: ((answer: () => KafkaAnswer | undefined) => void)[]
  isHeld: boolean
}

/** Sessions that see whole requests and answers. */
export function createKafkaSessions(upstream: KafkaUpstream): SessionFactory {
  const shared = { upstream, cluster: upstream.cluster }
  return (context) => new KafkaSession(context, shared)
}

class KafkaSession implements ProtocolSession {
  readonly #context: SessionContext
  readonly #shared: { readonly upstream: KafkaUpstream; cluster: KnownCluster }
  readonly #requests = createFrameSplitter()
  readonly #answers = createFrameSplitter()
  readonly #pending: Pending[] = []
  #isServerGone = false
  #isSilent = false

  constructor(context: SessionContext, shared: { readonly upstream: KafkaUpstream; cluster: KnownCluster }) {
    this.#context = context
    this.#shared = shared
  }

  async fromClient(chunk: Buffer): Promise<void> {
    for (const frame of this.#requests.push(chunk)) await this.#onRequest(readRequest(frame))
  }

  async fromServer(chunk: Buffer): Promise<void> {
    for (const frame of this.#answers.push(chunk)) await this.#onAnswer(frame)
  }

  /** A request that was held past the client's patience still has its effect: the broker is left when it has answered. */
  async clientEnded(): Promise<void> {
    const held = this.#pending.filter(({ isHeld }) => isHeld)
    if (this.#isServerGone) return
    await Promise.all(held.map(({ listeners }) => new Promise<void>((resolve) => listeners.push(() => resolve()))))
  }

  serverEnded(): Promise<void> {
    this.#isServerGone = true
    for (const pending of this.#pending.splice(0)) tell(pending, () => undefined)
    return Promise.resolve()
  }

  async #onRequest(request: RequestFrame): Promise<void> {
    const { toServer, closed, count, connection } = this.#context
    count(apiName(request.apiKey))
    const pending: Pending = { request, listeners: [], isHeld: false }
    for (const entry of this.#context.toxics()) {
      const { toxic } = entry
      if (!isKafka(toxic) || directionOf(toxic) !== 'upstream' || !isFor(toxic, request)) continue
      if (toxic.kind === 'reorder' && letGoOther(entry, this.#context, pending)) continue
      if (toxic.kind === 'answer-with-code' && !hasPlaceForCode(request)) continue
      if (!entry.tryStrike(connection)) continue
      if (toxic.kind === 'answer-with-code') {
        const ownAnswer = answerWithCode(request, toxic.errorCode, this.#shared.cluster)
        this.#pending.push({ ...pending, ownAnswer })
        return this.#passOwnAnswers()
      }
      if (toxic.kind === 'close-mid-frame') {
        await toServer.send(request.frame.subarray(0, toxic.bytes))
        return toServer.finish(toxic.ending ?? 'close')
      }
      if (toxic.kind === 'duplicate-request') this.#copy(entry, toxic.afterMs, pending)
      else await this.#hold(entry, toxic.kind === 'delay-request' ? toxic.ms : undefined, pending)
    }
    if (closed.aborted || this.#isServerGone) return tell(pending, () => undefined)
    if (isAnswered(request)) this.#pending.push(pending)
    else tell(pending, () => undefined)
    await toServer.send(request.frame)
  }

  async #onAnswer(frame: Buffer): Promise<void> {
    const { toClient, connection } = this.#context
    const index = this.#pending.findIndex(({ request }) => request.correlationId === frame.readInt32BE(4))
    const [pending] = index === -1 ? [] : this.#pending.splice(index, 1)
    if (pending === undefined) return toClient.send(frame)
    const { request } = pending
    if (request.apiKey === apiKeys.Metadata) this.#learn(readAnswer(request, frame))
    tell(pending, () => readAnswer(request, frame))
    if (this.#isSilent) return
    for (const entry of this.#context.toxics()) {
      const { toxic } = entry
      if (!isKafka(toxic) || directionOf(toxic) !== 'downstream' || !isFor(toxic, request)) continue
      if (!entry.tryStrike(connection)) continue
      if (toxic.kind === 'close-mid-frame') {
        await toClient.send(frame.subarray(0, toxic.bytes))
        return toClient.finish(toxic.ending ?? 'close')
      }
      if (toxic.kind !== 'drop-response') continue
      this.#isSilent = true
      return toxic.afterwards === 'black-hole' ? undefined : toClient.finish('close')
    }
    await toClient.send(frame)
    await this.#passOwnAnswers()
  }

  async #passOwnAnswers(): Promise<void> {
    for (let first = this.#pending[0]; first?.ownAnswer !== undefined; first = this.#pending[0]) {
      this.#pending.shift()
      tell(first, () => undefined)
      if (!this.#isSilent) await this.#context.toClient.send(first.ownAnswer)
    }
  }

  /** Whatever the client sends behind a held request on the same connection waits as well, as it would in a network. */
  async #hold(entry: ToxicEntry, ms: number | undefined, pending: Pending): Promise<void> {
    const { clock, closed, connection } = this.#context
    const hold = entry.hold(connection)
    pending.isHeld = true
    pending.listeners.push((answer) => hold.settle(answer()))
    letGoAfter(hold, () => pause(clock, ms, AbortSignal.any([closed, entry.removed])))
    await hold.released
  }

  #copy(entry: ToxicEntry, afterMs: number | undefined, pending: Pending): void {
    const { clock, report, connection } = this.#context
    const { request } = pending
    const hold = entry.hold(connection)
    if (afterMs !== undefined) {
      pending.listeners.push(() => letGoAfter(hold, () => pause(clock, afterMs, entry.removed)))
    }
    const send = async (): Promise<void> => {
      await hold.released
      try {
        hold.settle(readAnswer(request, await this.#shared.upstream.sendCopy(request.frame)))
      } catch (error) {
        report(error)
        hold.settle(undefined)
      }
    }
    void send()
  }

  #learn({ fields }: KafkaAnswer): void {
    if (fields === undefined) return
    const { brokers, clusterId, controllerId } = fields as unknown as KnownCluster
    this.#shared.cluster = { brokers, clusterId, controllerId }
  }
}

const kinds: ReadonlySet<string> = new Set([
  'drop-response',
  'delay-request',
  'duplicate-request',
  'reorder',
  'answer-with-code',
  'close-mid-frame',
] satisfies KafkaToxic['kind'][])

function isKafka(toxic: Toxic): toxic is KafkaToxic {
  return kinds.has(toxic.kind)
}

function isFor(toxic: KafkaToxic, request: RequestFrame): boolean {
  return toxic.apiKey === request.apiKey && (toxic.whenRequest?.(request) ?? true)
}

/** True when a request of another connection is held: this one goes first, and the held one when it is answered. */
function letGoOther(entry: ToxicEntry, { connection }: SessionContext, pending: Pending): boolean {
  if (!entry.isFor(connection)) return false
  const other = [...entry.holds].find((hold) => hold.connection.id !== connection.id)
  if (other === undefined) return false
  pending.listeners.push(() => other.letGo())
  return true
}

function letGoAfter(hold: Hold, waited: () => Promise<unknown>): void {
  const wait = async (): Promise<void> => {
    await waited()
    hold.letGo()
  }
  void wait()
}

/** Nobody answers a produce request with `acks=0`. */
function isAnswered({ apiKey, fields }: RequestFrame): boolean {
  return apiKey !== apiKeys.Produce || fields?.['acks'] !== 0
}

function tell(pending: Pending, answer: () => KafkaAnswer | undefined): void {
  for (const listener of pending.listeners) listener(answer)
}
