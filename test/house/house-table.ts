import { readFileSync } from 'node:fs'
import path from 'node:path'

/** One row of the import table in ARCHITECTURE.md. */
export interface Place {
  /** A folder with its slash, or a file, relative to src/. */
  readonly name: string
  /** Other names of the same place. */
  readonly aliases: readonly string[]
  /** Folders with their slash and single files; undefined = everything. */
  readonly mayImport: readonly string[] | undefined
  readonly contracts: readonly string[]
  /** Names of packages; `node:` = all of Node.js; undefined = every package. */
  readonly packages: readonly string[] | undefined
}

/** The checkout's root. */
export const root = path.resolve(import.meta.dirname, '../..')

/** Reads the table under "Who may import whom". */
export function readHouseTable(): readonly Place[] {
  const text = readFileSync(path.join(root, 'ARCHITECTURE.md'), 'utf8')
  const section = text.split('### Who may import whom')[1]?.split(/^#/m)[0] ?? ''
  const rows = section.split('\n').filter((line) => line.startsWith('| `'))
  return rows.map((row) => {
    const [names = '', mayImport = '', contracts = '', packages = ''] = row.split('|').slice(1)
    const [name = '', ...aliases] = quoted(names)
    return {
      name,
      aliases,
      mayImport: mayImport.trim() === 'everything' ? undefined : quoted(mayImport),
      contracts: quoted(contracts),
      packages: packages.trim() === 'every' ? undefined : quoted(packages),
    }
  })
}

/** The place that a file (relative to src/) belongs to. */
export function placeOf(table: readonly Place[], file: string): Place | undefined {
  return table.find((place) => [place.name, ...place.aliases].some((name) => isWithin(file, name)))
}

/** True when `file` is that file, or lies in that folder. */
export function isWithin(file: string, name: string): boolean {
  return name.endsWith('/') ? file.startsWith(name) : file === name
}

function quoted(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
}
