import type { Item } from '../change/attribute-value.ts'
import type { ChangeEvent } from '../change/change-event.ts'
import type { MaskRule } from '../change/mask-rule.ts'
import { matchesNamePattern } from '../change/name-pattern.ts'
import type { Table } from '../change/table.ts'
import { TailraceError } from '../errors.ts'
import { changeError } from './change-place.ts'
import type { ChangeTransform, RoutedChange, TransformOutcome } from './change-transform.ts'
import { maskedValue } from './masked-value.ts'
import { replacedIn } from './replaced-in.ts'
import type { Replacement } from './replaced-in.ts'

/** What is masked, and with which key. */
export interface ChangeMaskOptions {
  readonly rules: readonly MaskRule[]
  /** Of `hmac`; there must be one if a rule asks for it. */
  readonly hmacKey: string | undefined
}

/**
 * Masks values in both images of every change. To be the last step but routing: what user code copied to other attributes
 * is beyond it. Key attributes are never masked, and a table with a rule for one is refused (`refuseMaskedKeys`).
 */
export function createChangeMask(options: ChangeMaskOptions): ChangeTransform {
  const tables = new Map<string, readonly CompiledRule[] | TailraceError>()
  const rulesOf = (table: Table): readonly CompiledRule[] | TailraceError => {
    const name = `${table.arn} ${table.id}`
    const known = tables.get(name)
    if (known !== undefined) return known
    const made = maskedKey(options.rules, table) ?? compiled(options, table)
    tables.set(name, made)
    return made
  }
  return {
    apply: (changes, table) => {
      const rules = rulesOf(table)
      return Promise.resolve(
        changes.map((change) =>
          rules instanceof TailraceError ? { kind: 'failed', error: rules } : masked(change, rules, table),
        ),
      )
    },
  }
}

/** Throws MASK_KEY if a rule masks a key attribute of the table: its records would have no key, or a wrong one. */
export function refuseMaskedKeys(rules: readonly MaskRule[], table: Table): void {
  const error = maskedKey(rules, table)
  if (error !== undefined) throw error
}

interface CompiledRule {
  readonly path: MaskRule['path']
  readonly replacement: Replacement
}

function isOf(rule: MaskRule, table: Table): boolean {
  return matchesNamePattern(rule.table, table.name)
}

function maskedKey(rules: readonly MaskRule[], table: Table): TailraceError | undefined {
  const name = rules
    .filter((rule) => isOf(rule, table))
    .flatMap(({ path: [first] }) => (typeof first === 'string' ? [first] : []))
    .find((first) => table.keySchema.some((attribute) => attribute.name === first))
  if (name === undefined) return undefined
  const text = `mask.fields masks ${name}, a key attribute of table ${table.name}`
  return new TailraceError('MASK_KEY', text, { details: { table: table.name } })
}

function compiled({ rules, hmacKey }: ChangeMaskOptions, table: Table): readonly CompiledRule[] {
  const own = rules.filter((rule) => isOf(rule, table))
  // What is removed moves what stands behind it in a list: last, and from the end.
  const removing = own.filter(({ method }) => method.kind === 'remove').toSorted((a, b) => fromTheEnd(a.path, b.path))
  return [...own.filter(({ method }) => method.kind !== 'remove'), ...removing].map(({ path, method }) => ({
    path,
    replacement: method.kind === 'remove' ? 'remove' : (value) => maskedValue(value, method, hmacKey),
  }))
}

/** Of two places in one list the later one is first; a place inside another is in front of it. */
function fromTheEnd(a: MaskRule['path'], b: MaskRule['path']): number {
  for (const [at, left] of a.entries()) {
    const right = b[at]
    if (right === undefined) return -1
    if (typeof left === 'number' && typeof right === 'number' && left !== right) return right - left
  }
  return a.length - b.length
}

function masked(change: RoutedChange, rules: readonly CompiledRule[], table: Table): TransformOutcome {
  const { event } = change
  try {
    const isKey = (name: string): boolean => table.keySchema.some((attribute) => attribute.name === name)
    const mask = (image: Item | undefined): Item | undefined =>
      image === undefined
        ? undefined
        : rules.reduce((current, { path, replacement }) => replacedIn(current, path, replacement, isKey), image)
    const own: ChangeEvent = { ...event, oldImage: mask(event.oldImage), newImage: mask(event.newImage) }
    return { kind: 'passed', changes: [rules.length === 0 ? change : { ...change, event: own }] }
  } catch (error) {
    return {
      kind: 'failed',
      error: changeError('RECORD_UNREADABLE', 'cannot be masked', { event, table, cause: error }),
    }
  }
}
