/** A property of a transform as a configuration gives it. */
export type SettingText = string | readonly string[]

/** Which texts a property takes. */
export interface SettingKind<T> {
  readonly type: 'text' | 'list' | 'boolean' | 'integer'
  /** Finishes the sentence "… must be". */
  readonly rule: string
  /** Undefined for what it does not take. */
  readonly read: (given: SettingText) => T | undefined
}

/** One property of a transform or predicate, declared once: its check and its documentation are made from this. */
export interface Setting<T = unknown, D extends T | undefined | 'required' = T | undefined | 'required'> {
  readonly kind: SettingKind<T>
  /** What it is when it is not given; `required`: it must be. */
  readonly otherwise: D
  /** Markdown. */
  readonly documentation: string
}

/** The properties of one transform, by name. */
export type Settings = Readonly<Record<string, Setting>>

/** The values of declared properties. */
export type ValuesOf<S extends Settings> = { readonly [N in keyof S]: ValueOf<S[N]> }
type ValueOf<X> = X extends Setting<infer T, infer D> ? (D extends 'required' ? T : T | D) : never

/** Why values that are right each on their own cannot be used. */
export interface SettingProblem {
  /** The property to be named. */
  readonly setting: string
  /** Follows the property's name: `must name as many headers as fields`. Never quotes a value. */
  readonly problem: string
}

/** A property that must be given. */
export function needed<T>(kind: SettingKind<T>, documentation: string): Setting<T, 'required'> {
  return { kind, otherwise: 'required', documentation }
}

/** A property that may be left out. */
export function optional<T>(kind: SettingKind<T>, documentation: string): Setting<T, undefined> {
  return { kind, otherwise: undefined, documentation }
}

/** A property with a default. */
export function defaulted<T>(kind: SettingKind<T>, otherwise: NoInfer<T>, documentation: string): Setting<T, T> {
  return { kind, otherwise, documentation }
}

/** A kind made of a reader of one text. */
export function textKind<T>(rule: string, read: (text: string) => T | undefined): SettingKind<T> {
  return { type: 'text', rule, read: (given) => (typeof given === 'string' ? read(given) : undefined) }
}

/** Any text, the empty one too. */
export const anyText: SettingKind<string> = textKind('a text', (text) => text)

/** Any text but the empty one. */
export const someText: SettingKind<string> = textKind('a text that is not empty', (text) =>
  text === '' ? undefined : text,
)

export const trueOrFalse: SettingKind<boolean> = {
  type: 'boolean',
  rule: '`true` or `false`',
  read: (given) => (given === 'true' ? true : given === 'false' ? false : undefined),
}

export const wholeNumber: SettingKind<number> = {
  type: 'integer',
  rule: 'a whole number from 1 to 2,147,483,647',
  read: (given) => {
    const number = typeof given === 'string' && /^\d{1,10}$/.test(given) ? Number(given) : 0
    return number >= 1 && number <= 2_147_483_647 ? number : undefined
  },
}

/** One of a few words, in any case where `isCaseFree`. */
export function oneOf<const C extends string>(words: readonly C[], isCaseFree = false): SettingKind<C> {
  const rule = `one of ${words.map((word) => `\`${word}\``).join(', ')}`
  return textKind(rule, (text) =>
    words.find((word) => (isCaseFree ? word.toLowerCase() === text.toLowerCase() : word === text)),
  )
}

/** A list, each part of which `read` takes: a YAML list, or a text with commas. No part is empty. */
export function listOf<T>(
  rule: string,
  read: (part: string) => T | undefined,
  minimum: 0 | 1,
): SettingKind<readonly T[]> {
  return {
    type: 'list',
    rule,
    read: (given) => {
      const parts = typeof given === 'string' ? splitList(given) : given
      if (parts.length < minimum || parts.some((part) => part === '')) return undefined
      const values = parts.map(read)
      return values.every((value) => value !== undefined) ? values : undefined
    },
  }
}

/** Names of fields. */
export const fieldNames: SettingKind<readonly string[]> = listOf('a list of names', (name) => name, 1)

/** As `fieldNames`; may be empty. */
export const anyFieldNames: SettingKind<readonly string[]> = listOf('a list of names', (name) => name, 0)

/** True for headers that every record has: readers and tailrace itself rely on them. */
export function isOwnHeader(name: string): boolean {
  return name.startsWith('tailrace.')
}

/** A header's name. */
export const headerName: SettingKind<string> = textKind(
  'the name of a header, which does not begin with `tailrace.`: those are written by tailrace itself',
  headerOf,
)

/** Names of headers. */
export const headerNames: SettingKind<readonly string[]> = listOf(
  'a list of header names that do not begin with `tailrace.`: those are written by tailrace itself',
  headerOf,
  1,
)

/** Connect's `replace.null.with.default`, which most transforms have. */
export const nullDefault: Setting<boolean, boolean> = defaulted(
  trueOrFalse,
  true,
  'Without effect: no field has a default.',
)

function headerOf(name: string): string | undefined {
  return name === '' || isOwnHeader(name) ? undefined : name
}

function splitList(text: string): readonly string[] {
  const trimmed = text.trim()
  return trimmed === '' ? [] : trimmed.split(',').map((part) => part.trim())
}
