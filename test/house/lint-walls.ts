import type { Place } from './house-table.ts'

/** One entry of `overrides` in .oxlintrc.json. */
export interface LintWall {
  readonly files: readonly string[]
  readonly excludeFiles?: readonly string[]
  readonly rules: Readonly<Record<string, unknown>>
}

const rule = 'no-restricted-imports'

/** The import table as lint rules: for each place with walls, what it may not import. */
export function lintWalls(table: readonly Place[]): readonly LintWall[] {
  return [
    ...table.filter((place) => place.mayImport !== undefined).map((place) => wallOf(place, table)),
    { files: ['src/**/*.test.ts'], rules: { [rule]: 'off' } },
  ]
}

/** True for an entry that `lintWalls` makes. */
export function isLintWall(override: LintWall): boolean {
  return rule in override.rules
}

function wallOf(place: Place, table: readonly Place[]): LintWall {
  const allowed = place.mayImport ?? []
  const others = table.filter((other) => other !== place)
  const closed = others.filter((other) => !allowed.some((name) => name === other.name || name.startsWith(other.name)))
  const partly = others.filter((other) => !allowed.includes(other.name) && !closed.includes(other))
  const message = `${place.name} may import ${allowed.length === 0 ? 'nothing' : allowed.join(', ')} (ARCHITECTURE.md)`
  const up = place.name.endsWith('/') ? String.raw`^(\.\./)+` : String.raw`^\./`
  const names = closed
    .flatMap((other) => [other.name, ...other.aliases])
    .map((name) => name.replaceAll('.', String.raw`\.`))
  const patterns = [
    { regex: `${up}(${names.join('|')})`, message },
    ...partly.map((other) => ({
      group: [
        `**/${other.name}**`,
        ...allowed.filter((name) => name.startsWith(other.name)).map((name) => `!**/${name}`),
      ],
      message,
    })),
  ]
  return {
    files: [place.name, ...place.aliases].map((name) => (name.endsWith('/') ? `src/${name}**` : `src/${name}`)),
    rules: { [rule]: ['error', { patterns }] },
  }
}
