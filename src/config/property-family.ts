import { shownName } from './config-entry.ts'
import type { ConfigEntry } from './config-entry.ts'
import type { Problem } from './problem.ts'

/**
 * The lists whose entries have properties of their own: `transforms: [a, b]` and `transforms.a.type`. What those
 * properties are is known to whoever makes something of them, not here.
 */
export const familyNames = ['transforms', 'predicates'] as const
export type FamilyName = (typeof familyNames)[number]

/** The properties of a family's aliases: alias, then the rest of the name, then what the file gives. */
export type FamilyEntries = ReadonlyMap<string, ReadonlyMap<string, ConfigEntry>>
export type Families = Readonly<Record<FamilyName, FamilyEntries>>

const alias = /^[A-Za-z0-9_-]{1,100}$/

/** True for what can stand in front of a property's name: letters, digits, `_` and `-`. */
export function isAlias(text: string): boolean {
  return alias.test(text)
}

/** The family that a property's name belongs to. */
export function familyOf(name: string): FamilyName | undefined {
  return familyNames.find((family) => name.startsWith(`${family}.`))
}

/** Sorts entries by family and alias. None of the names may be one of no family. */
export function readFamilies(entries: readonly ConfigEntry[]): {
  readonly families: Families
  readonly problems: readonly Problem[]
} {
  const problems: Problem[] = []
  const families = { transforms: new Map<string, Map<string, ConfigEntry>>(), predicates: new Map() }
  for (const entry of entries) {
    const family = familyOf(entry.name)
    if (family === undefined) continue
    const [, name = '', property] = /^([^.]*)\.?(.*)$/s.exec(entry.name.slice(family.length + 1)) ?? []
    const text = wrongName(name, property)
    if (text !== undefined) {
      problems.push({ where: entry.where, text: `${shownName(entry.name)} ${text}` })
      continue
    }
    const members: Map<string, ConfigEntry> = families[family].get(name) ?? new Map<string, ConfigEntry>()
    members.set(property ?? '', entry)
    families[family].set(name, members)
  }
  return { families, problems }
}

function wrongName(name: string, property: string | undefined): string | undefined {
  if (!isAlias(name)) return 'must have an alias of letters, digits, dashes or underscores behind the first dot'
  return property === undefined || property === ''
    ? 'has no value of its own: its properties stand below it'
    : undefined
}

/** Problems of entries whose alias no list names: nobody would read them. */
export function strayEntries(families: Families, lists: Readonly<Record<FamilyName, readonly string[]>>): Problem[] {
  return familyNames.flatMap((family) =>
    [...families[family]]
      .filter(([name]) => !lists[family].includes(name))
      .flatMap(([, members]) => [...members.values()])
      .map(({ name, where }) => ({ where, text: `${shownName(name)} has an alias that ${family} does not list` })),
  )
}
