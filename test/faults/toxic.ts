/** Where the bytes flow that a toxic strikes: towards the server, or back to the client. */
export type Direction = 'upstream' | 'downstream'

/** What the proxy was told it stands in front of; the toxics of `tcp` work with all of them. */
export type ProxyProtocol = 'tcp' | 'kafka' | 'http'

/** One connection through the proxy, for toxics that pick their victims. */
export interface ConnectionInfo {
  /** 1 for the first connection since the proxy started, and so on. */
  readonly id: number
  /** The client's port. */
  readonly clientPort: number
}

/** What all toxics share: whom they strike. TCP toxics strike connections, the others single requests or answers. */
export interface Aim {
  /** Only where a kind has two; its default is in `toxicKinds`. */
  readonly direction?: Direction
  /** Decided anew for each victim; 1 by default. */
  readonly probability?: number
  /** So many victims and no more. */
  readonly count?: number
  readonly whenConnection?: (connection: ConnectionInfo) => boolean
}

/** What happens to bytes, whatever they mean. Open connections are struck too, at the moment the toxic is added. */
export type TcpToxic = Aim &
  (
    | { readonly kind: 'latency'; readonly ms: number; readonly jitterMs?: number }
    | { readonly kind: 'bandwidth'; readonly bytesPerSecond: number }
    /** Pieces of random sizes, each written by itself. */
    | { readonly kind: 'slicer'; readonly minBytes: number; readonly maxBytes: number; readonly delayMs?: number }
    /** Bytes and endings vanish. Afterwards (for ever without `ms`) a connection that has lost bytes is reset. */
    | { readonly kind: 'black-hole'; readonly ms?: number }
    /** Bytes and endings are held, and delivered afterwards: what TCP makes of a partition that heals. */
    | { readonly kind: 'stall'; readonly ms?: number }
    /** RST to both ends. */
    | { readonly kind: 'reset'; readonly afterMs?: number }
    /** The connection ends as soon as exactly `n` bytes have gone in this direction since it was opened. */
    | { readonly kind: 'cut-at-byte'; readonly n: number; readonly ending?: 'close' | 'reset' }
    /**
     * Open connections are reset and new ones refused; nobody listens on the port. With a count, a probability or a
     * predicate the port stays open, and the victims are reset as soon as they are accepted.
     */
    | { readonly kind: 'down' }
    /** The end of a direction arrives this much later. */
    | { readonly kind: 'slow-close'; readonly ms: number }
  )

/** Decoded fields of a request or an answer, named as in Kafka's protocol in camel case. */
export interface KafkaFields {
  readonly [name: string]: KafkaValue | undefined
}

export type KafkaValue = boolean | number | bigint | string | Buffer | null | KafkaFields | readonly KafkaValue[]

/** A request on its way to the broker. */
export interface KafkaRequest {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
  /** Undefined for APIs and versions whose layout the proxy does not know. */
  readonly fields: KafkaFields | undefined
}

/** What a broker answered. */
export interface KafkaAnswer {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  /** The first code in it that is not 0. Undefined where the layout is not known. */
  readonly errorCode: number | undefined
  readonly fields: KafkaFields | undefined
}

/** Whom the toxics for Kafka strike. */
export interface KafkaAim extends Aim {
  /** One of `apiKeys`, or any other number. */
  readonly apiKey: number
  readonly whenRequest?: (request: KafkaRequest) => boolean
}

/** What happens to whole requests and answers. */
export type KafkaToxic = KafkaAim &
  /** The broker has done it; the client never hears, and its connection is closed (default) or goes silent. */
  (
    | { readonly kind: 'drop-response'; readonly afterwards?: 'close' | 'black-hole' }
    /** Held for `ms`, or until `release`. Goes to the broker even when the client has long left. */
    | { readonly kind: 'delay-request'; readonly ms?: number }
    /**
     * A second copy goes to the broker over a connection of the proxy's own: `afterMs` after the first one was answered
     * (or its connection lost), or at `release`. Its answer is in `answers`. For listeners without SASL.
     */
    | { readonly kind: 'duplicate-request'; readonly afterMs?: number }
    /** Held until a matching request of another connection, sent later, has been answered; or until `release`. */
    | { readonly kind: 'reorder' }
    /** The broker does not see the request. For the APIs of `kafkaLayouts`. */
    | { readonly kind: 'answer-with-code'; readonly errorCode: number }
    /** The connection ends behind the first bytes of a frame: an answer's, or upstream a request's. */
    | { readonly kind: 'close-mid-frame'; readonly bytes: number; readonly ending?: 'close' | 'reset' }
  )

/** A request to an AWS service. */
export interface HttpRequest {
  /** What follows the dot in `x-amz-target`, for example `GetRecords`; empty without that header. */
  readonly action: string
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
}

/** Whom the toxics for HTTP strike. */
export interface HttpAim extends Aim {
  /** Strikes only this action; all by default. */
  readonly action?: string
  readonly whenRequest?: (request: HttpRequest) => boolean
}

/** What happens to whole HTTP requests and answers. */
export type HttpToxic = HttpAim &
  /** An error of AWS; the server does not see the request. `awsErrors` has the usual ones. */
  (
    | { readonly kind: 'http-error'; readonly status: number; readonly type: string; readonly message?: string }
    /**
     * The first `bytes` of an answer's body, or half of it. As `short-answer` (default) its length is announced and the
     * connection goes on; as `cut-off` the whole length is announced and the connection ends.
     */
    | { readonly kind: 'truncate-body'; readonly bytes?: number; readonly as?: 'short-answer' | 'cut-off' }
    /** `x-amz-crc32` is that of something else. */
    | { readonly kind: 'wrong-crc32' }
    | { readonly kind: 'slow-body'; readonly pieces: number; readonly betweenMs: number }
  )

/** Everything that can be put into a proxy. */
export type Toxic = TcpToxic | KafkaToxic | HttpToxic

export type ToxicKind = Toxic['kind']

/** A toxic that was added to a proxy. Disposing removes it. */
export interface ActiveToxic extends AsyncDisposable {
  readonly toxic: Toxic
  /** How many victims it has had. */
  readonly struck: number
  /** How many requests or copies it holds at this moment. */
  readonly holding: number
  /** The broker's answers to requests that were held and to copies, in the order in which they came. */
  readonly answers: readonly KafkaAnswer[]
  /** Resolves when there have been so many victims (default 1). Rejects when the toxic is removed before. */
  whenStruck(times?: number): Promise<void>
  /** Lets go what it holds now. Resolves with the answers when all of it is answered or its connection is lost. */
  release(): Promise<readonly KafkaAnswer[]>
  /** Strikes nobody any more, and lets go what it holds. After `down` it resolves when the port is open again. */
  remove(): Promise<void>
}
