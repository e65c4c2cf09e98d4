/** What a peer calls its things: a conversation speaks of both peers' by the same words. */
export interface PeerNames {
  /** Short name of its connector's class, and the whole one. */
  readonly plugin: string
  readonly class: string
  /** A logger of its own whose level may be set. */
  readonly logger: string
  /** A configuration that runs, without `name`. */
  readonly config: Readonly<Record<string, string>>
  /** A property of it and a value that is wrong. */
  readonly wrong: readonly [name: string, value: string]
  /** A partition of the connector's source and an offset in it. */
  readonly partition: object
  readonly offset: object
}

/** One request of the conversation and what is to be told of its answer. */
export interface Step {
  readonly method: string
  /** As it goes over the wire; `{plugin}`, `{class}` and `{logger}` are the peer's. */
  readonly path: string
  /** What is special about it. With method and path it names the step. */
  readonly note: string
  /** A text goes as it is, anything else as JSON; undefined is no body. */
  readonly body: (peer: PeerNames) => unknown
  readonly headers: Readonly<Record<string, string>>
  /** Asked again, for some seconds, until this holds: servers do later what they have answered for. */
  readonly until: ((body: unknown) => boolean) | undefined
  /** `values`: words that matter are kept. `definitions`: types only. `map`: types only, and names of members do not count. */
  readonly show: 'values' | 'definitions' | 'map'
}

/** The name under which a step's answer is recorded. Each is there once. */
export function nameOf({ method, path, note }: Step): string {
  return `${method} ${path}${note === '' ? '' : `: ${note}`}`
}

/** A step with what most steps have. */
export function step(method: string, path: string, note = '', more: StepOptions = {}): Step {
  const { body, headers = {}, until, show = 'values' } = more
  return {
    method,
    path,
    note,
    body: typeof body === 'function' ? (body as Step['body']) : () => body,
    headers,
    until,
    show,
  }
}

/** What a step may say besides method, path and note. */
export interface StepOptions {
  /** Or a function of the peer. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly until?: (body: unknown) => boolean
  readonly show?: Step['show']
}
