import type { AttributeValue, Item } from '../change/attribute-value.ts'
import type { PathStep } from '../change/condition/parse-path.ts'

/** What takes a value's place; `remove`: nothing does. */
export type Replacement = 'remove' | ((value: AttributeValue) => AttributeValue)

/**
 * The item with all values at the path replaced; the item itself if there are none. Copies only what is on the way. `*`
 * stands for every member except, at the top, those that `isKept` names.
 */
export function replacedIn(
  item: Item,
  path: readonly PathStep[],
  replacement: Replacement,
  isKept: (name: string) => boolean,
): Item {
  const [step, ...rest] = path
  if (step === undefined || typeof step === 'number') return item
  if (typeof step === 'object') {
    if (step.every === 'element') return item
    return changedMembers(item, (name) => !isKept(name), rest, replacement)
  }
  return changedMembers(item, (name) => name === step, rest, replacement)
}

function changedMembers(
  members: Item,
  isMeant: (name: string) => boolean,
  rest: readonly PathStep[],
  replacement: Replacement,
): Item {
  const names = Object.keys(members)
  if (!names.some(isMeant)) return members
  const entries = names.flatMap((name): readonly (readonly [string, AttributeValue])[] => {
    const value = members[name]
    if (value === undefined) return []
    const changed = isMeant(name) ? changedValue(value, rest, replacement) : value
    return changed === undefined ? [] : [[name, changed]]
  })
  return Object.fromEntries(entries)
}

/** Undefined if the value is removed. */
function changedValue(
  value: AttributeValue,
  rest: readonly PathStep[],
  replacement: Replacement,
): AttributeValue | undefined {
  const [step] = rest
  if (step === undefined) return replacement === 'remove' ? undefined : replacement(value)
  if ('M' in value && typeof step !== 'number' && !isEveryElement(step))
    return { M: replacedIn(value.M, rest, replacement, () => false) }
  if ('L' in value && typeof step !== 'string') return { L: changedElements(value.L, step, rest.slice(1), replacement) }
  return value
}

function changedElements(
  list: readonly AttributeValue[],
  step: Exclude<PathStep, string>,
  rest: readonly PathStep[],
  replacement: Replacement,
): readonly AttributeValue[] {
  return list.flatMap((element, index) => {
    if (typeof step === 'number' && step !== index) return [element]
    const changed = changedValue(element, rest, replacement)
    return changed === undefined ? [] : [changed]
  })
}

function isEveryElement(step: PathStep): boolean {
  return typeof step === 'object' && step.every === 'element'
}
