import { apiKeys } from './kafka-apis.ts'
import type { Direction, ProxyProtocol, Toxic, ToxicKind } from './toxic.ts'

/** What one field of a toxic may hold. */
export interface FieldRule {
  /** For messages: `a whole number from 1 to 64`. */
  readonly what: string
  readonly isOptional: boolean
  accepts(value: unknown): boolean
  /** The value that a text stands for; a text that makes no sense comes back as it is. */
  fromText(text: string): unknown
}

/** What one kind of toxic is. */
export interface ToxicRule {
  readonly protocol: ProxyProtocol
  /** The first one is the default. */
  readonly directions: readonly Direction[]
  readonly fields: Readonly<Record<string, FieldRule>>
}

type ToxicOf<K extends ToxicKind> = Extract<Toxic, { readonly kind: K }>
type OwnField<K extends ToxicKind> = Exclude<
  keyof ToxicOf<K>,
  'kind' | 'direction' | 'probability' | 'count' | 'whenConnection' | 'whenRequest'
>
/** Names every field of every kind of the union, and no other. */
type Rules = {
  readonly [K in ToxicKind]: ToxicRule & { readonly fields: { readonly [F in OwnField<K>]: FieldRule } }
}

const dayMs = 86_400_000
const aBillion = 1_000_000_000
const ms = wholeNumber(0, dayMs)
const bytes = wholeNumber(0, aBillion)
const someBytes = wholeNumber(1, aBillion)
const ending = optional(oneOf('close', 'reset'))
const apiKey: FieldRule = {
  ...wholeNumber(0, 32_767),
  what: `a number or a name such as ${Object.keys(apiKeys).slice(0, 3).join(', ')}`,
  fromText: (text) => new Map<string, number>(Object.entries(apiKeys)).get(text) ?? numberOf(text),
}
const action = optional({ ...text(), what: "an action's name, such as GetRecords" })

const either: readonly Direction[] = ['downstream', 'upstream']
const up: readonly Direction[] = ['upstream']
const down: readonly Direction[] = ['downstream']

const rules: Rules = {
  latency: { protocol: 'tcp', directions: either, fields: { ms, jitterMs: optional(ms) } },
  bandwidth: { protocol: 'tcp', directions: either, fields: { bytesPerSecond: someBytes } },
  slicer: {
    protocol: 'tcp',
    directions: either,
    fields: { minBytes: someBytes, maxBytes: someBytes, delayMs: optional(ms) },
  },
  'black-hole': { protocol: 'tcp', directions: either, fields: { ms: optional(ms) } },
  stall: { protocol: 'tcp', directions: either, fields: { ms: optional(ms) } },
  reset: { protocol: 'tcp', directions: either, fields: { afterMs: optional(ms) } },
  'cut-at-byte': { protocol: 'tcp', directions: either, fields: { n: bytes, ending } },
  down: { protocol: 'tcp', directions: either, fields: {} },
  'slow-close': { protocol: 'tcp', directions: either, fields: { ms } },
  'drop-response': {
    protocol: 'kafka',
    directions: down,
    fields: { apiKey, afterwards: optional(oneOf('close', 'black-hole')) },
  },
  'delay-request': { protocol: 'kafka', directions: up, fields: { apiKey, ms: optional(ms) } },
  'duplicate-request': { protocol: 'kafka', directions: up, fields: { apiKey, afterMs: optional(ms) } },
  reorder: { protocol: 'kafka', directions: up, fields: { apiKey } },
  'answer-with-code': {
    protocol: 'kafka',
    directions: up,
    fields: { apiKey, errorCode: wholeNumber(-1, 32_767) },
  },
  'close-mid-frame': { protocol: 'kafka', directions: either, fields: { apiKey, bytes, ending } },
  'http-error': {
    protocol: 'http',
    directions: up,
    fields: { action, status: wholeNumber(400, 599), type: text(), message: optional(text()) },
  },
  'truncate-body': {
    protocol: 'http',
    directions: down,
    fields: { action, bytes: optional(bytes), as: optional(oneOf('short-answer', 'cut-off')) },
  },
  'wrong-crc32': { protocol: 'http', directions: down, fields: { action } },
  'slow-body': {
    protocol: 'http',
    directions: down,
    fields: { action, pieces: wholeNumber(1, 1_000_000), betweenMs: ms },
  },
}

/** Every kind of toxic, with its protocol, its directions and its own fields. */
export const toxicKinds: ReadonlyMap<string, ToxicRule> = new Map(Object.entries(rules))

const aimFields: Readonly<Record<string, FieldRule>> = {
  probability: optional({
    ...wholeNumber(0, 1),
    what: 'a number from 0 to 1',
    accepts: (value) => typeof value === 'number' && value >= 0 && value <= 1,
  }),
  count: optional(wholeNumber(1, aBillion)),
}

/** All that a text may say about a toxic of this kind, its aim included. */
export function fieldRules(kind: string): Readonly<Record<string, FieldRule>> {
  const rule = ruleOf(kind)
  return { ...rule.fields, ...aimFields, direction: optional(oneOf(...rule.directions)) }
}

/**
 * Whoever writes no TypeScript can write anything: throws when the kind does not exist, does not work with this
 * protocol, or has a field that it should not have, lacks, or that is out of range. The message names all there is.
 */
export function checkToxic(toxic: Readonly<Record<string, unknown>>, protocol?: ProxyProtocol): Toxic {
  const { kind } = toxic
  const rule = ruleOf(kind)
  const name = String(kind)
  if (protocol !== undefined && rule.protocol !== 'tcp' && rule.protocol !== protocol) {
    const works = [...toxicKinds].flatMap(([other, { protocol: needed }]) =>
      needed === 'tcp' || needed === protocol ? [other] : [],
    )
    throw new Error(
      `Toxic ${name} needs a proxy for ${rule.protocol}; this one is for ${protocol}: ${works.join(', ')}.`,
    )
  }
  const fields = fieldRules(name)
  const fail = (problem: string): Error => {
    const all = Object.entries(fields).map(([field, { isOptional }]) => (isOptional ? `[${field}]` : field))
    return new Error(`Toxic ${name}: ${problem}. Its fields: ${all.join(', ')}.`)
  }
  for (const [field, value] of Object.entries(toxic)) {
    if (field === 'kind' || value === undefined || predicates.has(field)) continue
    const found = Object.hasOwn(fields, field) ? fields[field] : undefined
    if (found === undefined) throw fail(`there is no field ${field}`)
    if (!found.accepts(value)) throw fail(`${field} must be ${found.what}, not ${JSON.stringify(value)}`)
  }
  for (const [field, { isOptional, what }] of Object.entries(fields)) {
    if (!isOptional && toxic[field] === undefined) throw fail(`${field} is missing (${what})`)
  }
  const checked = toxic as unknown as Toxic
  if (checked.kind === 'slicer' && checked.minBytes > checked.maxBytes) throw fail('minBytes is above maxBytes')
  return checked
}

/** The direction that a toxic strikes. */
export function directionOf(toxic: Toxic): Direction {
  return toxic.direction ?? rules[toxic.kind].directions[0] ?? 'downstream'
}

const predicates: ReadonlySet<string> = new Set(['whenConnection', 'whenRequest'])

function ruleOf(kind: unknown): ToxicRule {
  const rule = toxicKinds.get(String(kind))
  if (rule !== undefined) return rule
  throw new Error(`There is no toxic ${JSON.stringify(kind)}. There are: ${[...toxicKinds.keys()].join(', ')}.`)
}

function wholeNumber(min: number, max: number): FieldRule {
  return {
    what: `a whole number from ${min} to ${max}`,
    isOptional: false,
    accepts: (value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
    fromText: numberOf,
  }
}

function numberOf(value: string): unknown {
  return /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value
}

function oneOf(...values: readonly string[]): FieldRule {
  return {
    what: values.join(' or '),
    isOptional: false,
    accepts: (value) => typeof value === 'string' && values.includes(value),
    fromText: (value) => value,
  }
}

function text(): FieldRule {
  return {
    what: 'a text',
    isOptional: false,
    accepts: (value) => typeof value === 'string' && value !== '',
    fromText: (value) => value,
  }
}

function optional(rule: FieldRule): FieldRule {
  return { ...rule, isOptional: true }
}
