import { z } from 'zod'
import { Secret } from './secret.ts'

/** How much most users have to care. Kafka's own three words. */
export type Importance = 'high' | 'medium' | 'low'

/** How a value is written. Everything arrives as text (YAML scalars, references, properties files) and is read as this. */
export type PropertyType = 'text' | 'integer' | 'boolean' | 'list'

/** Which values a property takes, and how to say so. */
export interface ValueKind<T> {
  readonly type: PropertyType
  /** Decides about a value that was read as `type`. */
  readonly schema: z.ZodType<T>
  /** Finishes the sentence "… must be". */
  readonly rule: string
  /** Its values are never shown. */
  readonly isSecret?: true
}

/** What holds for a property whatever its values are. */
interface About {
  readonly importance: Importance
  /** One to three sentences of Markdown. */
  readonly documentation: string
  /**
   * All workers of a pipeline must agree on it: it decides what is written, where, or from which position on. It counts
   * in the fingerprint unless it is at its default, so defaults of such properties never change.
   */
  readonly isShared?: boolean
  /** Of a list: another order is another value. Elsewhere lists are sets. */
  readonly isOrdered?: boolean
}

/** What a default may be made from. */
export interface Given {
  readonly pipeline: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** The text that the user gave for another property. */
  readonly text: (name: string) => string | undefined
  /** True if the user gave another property a value, of whatever type. */
  readonly isGiven: (name: string) => boolean
}

/**
 * One property, declared once. Validation, types, JSON Schema and the documentation are all made from this.
 * `P` says when a value exists: always (`required`, `defaulted`) or not always (`optional`).
 */
export interface Property<T = unknown, P extends Presence = Presence> extends ValueKind<T>, About {
  readonly presence: P
  readonly defaultValue?: T
  /** Makes the default where it depends on others; `defaultNote` says how, in Markdown. */
  readonly defaultFrom?: (given: Given) => string | undefined
  readonly defaultNote?: string
}

/** Whether a value exists once defaults are filled in. */
export type Presence = 'required' | 'defaulted' | 'optional'

/** The type of a property's value in a complete configuration. */
export type ValueOf<X> = X extends Property<infer T, infer P> ? (P extends 'optional' ? T | undefined : T) : never

/** Makes a default of other properties where `from` gives one. */
interface Conditional {
  readonly defaultNote?: string
  readonly from?: (given: Given) => string | undefined
}

/** A property that the user must set, unless `from` makes a value of what else is given. */
export function required<T>(kind: ValueKind<T>, { from, ...about }: About & Conditional): Property<T, 'required'> {
  return { ...kind, ...about, presence: 'required', ...(from === undefined ? {} : { defaultFrom: from }) }
}

/** A property with a fixed default, which `from` may replace where something else is given. */
export function defaulted<T>(
  kind: ValueKind<T>,
  defaultValue: NoInfer<T>,
  { from, ...about }: About & Conditional,
): Property<T, 'defaulted'> {
  return {
    ...kind,
    ...about,
    presence: 'defaulted',
    defaultValue,
    ...(from === undefined ? {} : { defaultFrom: from }),
  }
}

/** A property whose default is made from the pipeline's name. */
export function derived(
  kind: ValueKind<string>,
  defaultNote: string,
  about: About & { readonly from: (given: Given) => string },
): Property<string, 'defaulted'> {
  const { from, ...rest } = about
  return { ...kind, ...rest, presence: 'defaulted', defaultNote, defaultFrom: from }
}

/** A property that may stay unset; with `from`, something outside the file may set it (an AWS variable). */
export function optional<T>(kind: ValueKind<T>, { from, ...about }: About & Conditional): Property<T, 'optional'> {
  return { ...kind, ...about, presence: 'optional', ...(from === undefined ? {} : { defaultFrom: from }) }
}

/** Text that `schema` accepts. */
export function text(rule: string, schema: z.ZodType<string>): ValueKind<string> {
  return { type: 'text', schema, rule }
}

/** Text that must not be shown: `schema` decides about the text, and the value is a {@link Secret}. */
export function secretText(rule: string, schema: z.ZodType<string>): ValueKind<Secret> {
  return { type: 'text', schema: schema.transform((value) => new Secret(value)), rule, isSecret: true }
}

/** Text that a pattern (anchored, linear) accepts. */
export function pattern(rule: string, expression: RegExp): ValueKind<string> {
  return text(rule, z.string().regex(expression))
}

/** A whole number within bounds, both included. */
export function integer(minimum: number, maximum: number): ValueKind<number> {
  const words = (value: number): string => value.toLocaleString('en-US')
  return {
    type: 'integer',
    schema: z.int().min(minimum).max(maximum),
    rule: `a whole number from ${words(minimum)} to ${words(maximum)}`,
  }
}

/** `true` or `false`. */
export const trueOrFalse: ValueKind<boolean> = { type: 'boolean', schema: z.boolean(), rule: '`true` or `false`' }

/** One of a few words. */
export function choice<const C extends readonly [string, ...string[]]>(words: C): ValueKind<C[number]> {
  const quoted = words.map((word) => `\`${word}\``)
  const rule = quoted.length === 1 ? quoted.join('') : `one of ${quoted.join(', ')}`
  return { type: 'text', schema: z.enum(words), rule }
}

/** A list of texts; in the file a YAML list, or one text with commas. */
export function list<T extends string>(rule: string, item: z.ZodType<T>, minimum: 0 | 1): ValueKind<readonly T[]> {
  return { type: 'list', schema: z.array(item).min(minimum).max(1000), rule }
}
