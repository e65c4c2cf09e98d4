/**
 * A text that must not be shown. Every way of printing it gives `[hidden]`; only `reveal` gives it out, at the place
 * that hands it to the server it is meant for.
 */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** The text itself. Never put it into a message, a log field or an error. */
  reveal(): string {
    return this.#text
  }

  toString(): string {
    return '[hidden]'
  }

  toJSON(): string {
    return '[hidden]'
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[hidden]'
  }
}
