/**
 * What becomes of one property of a connector. `about` is Markdown for the reference, without the property's own name.
 *
 * - `becomes`: another name of a property of ours; `convert` gives its text, or undefined for what it must not be (`rule`).
 * - `read`: the translator looks at it, perhaps together with others; `names` are the properties of ours it decides about.
 * - `unused`: it is accepted and has no effect; `why` finishes the sentence "without effect, since …".
 * - `refused`: it asks for what cannot be done; `why` finishes the sentence "`<property>` …".
 */
export type ConnectRule =
  | {
      readonly kind: 'becomes'
      readonly name: string
      readonly about: string
      readonly rule?: string
      readonly convert?: (text: string) => string | undefined
    }
  | { readonly kind: 'read'; readonly names: readonly string[]; readonly about: string }
  | { readonly kind: 'unused'; readonly why: string }
  | { readonly kind: 'refused'; readonly why: string }

/** Rules by name; a name that ends with a dot stands for all that begin with it. */
export type ConnectRules = Readonly<Record<string, ConnectRule>>

/** One kind of connector that a pipeline can stand in for. */
export interface ConnectTranslator {
  /** For people. */
  readonly title: string
  /** What `connector.class` may say, the whole name first. */
  readonly classes: readonly string[]
  /** Its own properties; those that all connectors have are known besides. */
  readonly rules: ConnectRules
  /** Reads what is `read`, and says what follows from properties that are not there. */
  readonly finish: (connector: ConnectInput) => void
}

/** A connector's properties as its translator sees them, and the place for what it makes of them. */
export interface ConnectInput {
  /**
   * The text of a property of the connector, or of one of ours that stands beside. References are resolved and blanks at
   * the ends gone; undefined if it is not given, or empty.
   */
  text(name: string): string | undefined
  /** False if it is not given. True also for one whose reference cannot be resolved, about which there is a problem. */
  isGiven(name: string): boolean
  /** True for one that is given as an empty text. To most properties that is as if it were not given. */
  isEmpty(name: string): boolean
  /** Names that are given and begin with `prefix`. */
  names(prefix: string): readonly string[]
  /**
   * Gives a property of ours a text. One of ours that stands in the file wins, which is noted where `from` (the
   * connector's property, undefined for a default) says otherwise.
   */
  set(name: string, text: string, from?: string): void
  /** As `set`, for what decides how Kafka is reached only if nothing else says it; names without `kafka.`. */
  setKafkaAccess(name: string, text: string, from: string): void
  /** What is wrong with a property of the connector; the text goes on behind its name. */
  problem(name: string, text: string): void
  /** Something that the user should know and that stops nothing. */
  note(text: string): void
}

/** Another name of a property of ours. */
export function becomes(name: string, about = ''): ConnectRule {
  return { kind: 'becomes', name, about }
}

/** Another name of a property of ours that is `true` or `false`; Connect takes any case. */
export function becomesBoolean(name: string, about = ''): ConnectRule {
  const convert = (text: string): string | undefined => (/^(true|false)$/i.test(text) ? text.toLowerCase() : undefined)
  return { kind: 'becomes', name, about, rule: '`true` or `false`', convert }
}

/** A property that its translator reads. */
export function read(names: readonly string[], about: string): ConnectRule {
  return { kind: 'read', names, about }
}

/** A property without effect. */
export function unused(why: string): ConnectRule {
  return { kind: 'unused', why }
}

/** A property that asks for what cannot be done. */
export function refusal(why: string): ConnectRule {
  return { kind: 'refused', why }
}
