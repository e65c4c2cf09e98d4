import { readFileSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { isWithin, placeOf, readHouseTable, root } from './house/house-table.ts'
import { isLintWall, lintWalls } from './house/lint-walls.ts'
import type { LintWall } from './house/lint-walls.ts'
import { readSourceFiles, specifiersOf, withoutComments } from './house/source-files.ts'

const table = readHouseTable()
const sources = readSourceFiles()
const product = sources.filter((source) => !source.isTest)
const adapters = new Set(['async/system-clock.ts', 'async/system-rng.ts'])
const entryPoints = new Set(['index.ts', 'reader/reader.ts', 'testing/testing.ts'])

describe('the import table', () => {
  test('names every place of src/ and nothing twice', () => {
    const homeless = sources.filter(({ file }) => placeOf(table, file) === undefined).map(({ file }) => file)
    expect(homeless).toEqual([])
    const names = table.flatMap((place) => [place.name, ...place.aliases])
    expect(new Set(names).size).toBe(names.length)
  })

  test('is kept by every import, types included', () => {
    const broken = product.flatMap(({ file, imports }) => {
      const place = placeOf(table, file)
      const allowed = place?.mayImport
      if (place === undefined || allowed === undefined) return []
      const open = [place.name, ...place.aliases, ...allowed]
      return imports
        .filter((imported) => {
          const target = placeOf(table, imported)?.name
          return !open.some((name) => isWithin(imported, name) || name === target)
        })
        .map((imported) => `${file} imports ${imported}`)
    })
    expect(broken).toEqual([])
  })

  test('is kept by every package', () => {
    const broken = product.flatMap(({ file, specifiers }) => {
      const allowed = placeOf(table, file)?.packages
      if (allowed === undefined) return []
      return specifiers
        .filter((specifier) => !specifier.startsWith('.'))
        .filter((specifier) => !allowed.some((name) => isPackage(specifier, name)))
        .map((specifier) => `${file} imports ${specifier}`)
    })
    expect(broken).toEqual([])
  })

  test('keeps hosts/ to itself, also from tests', () => {
    const broken = sources.filter(
      ({ file, imports }) =>
        !isWithin(file, 'hosts/') && file !== 'index.ts' && imports.some((imported) => isWithin(imported, 'hosts/')),
    )
    expect(broken.map(({ file }) => file)).toEqual([])
  })

  test('opens single files only where they are contracts', () => {
    const files = table
      .flatMap(({ mayImport = [] }) => mayImport)
      .filter((name) => name.includes('/') && !name.endsWith('/'))
    const contracts = new Set(table.flatMap((place) => place.contracts))
    expect(files.filter((name) => !contracts.has(name))).toEqual([])
  })

  test('stands in the lint rules too', () => {
    const config = JSON.parse(readFileSync(path.join(root, '.oxlintrc.json'), 'utf8')) as { overrides: LintWall[] }
    expect(config.overrides.filter(isLintWall), 'run: node test/house/write-lint-walls.ts').toEqual(lintWalls(table))
  })
})

describe('src/', () => {
  test('has its contracts, which import no implementation of their folder', () => {
    const broken = table.flatMap(({ name, contracts }) =>
      contracts.flatMap((contract) => {
        const source = product.find(({ file }) => file === contract)
        if (source === undefined) return [`${contract} does not exist`]
        return source.imports
          .filter((imported) => isWithin(imported, name) && !contracts.includes(imported))
          .map((imported) => `${contract} imports ${imported}`)
      }),
    )
    expect(broken).toEqual([])
  })

  test('has no import cycle, types included', () => {
    expect(findCycle(new Map(sources.map(({ file, imports }) => [file, imports])))).toBeUndefined()
  })

  test('has no file over 400 lines', () => {
    const long = sources.filter(({ text }) => text.trimEnd().split('\n').length > 400)
    expect(long.map(({ file }) => file)).toEqual([])
  })

  test('has no barrel but its entry points', () => {
    const barrels = product.filter(
      ({ file, code }) => !entryPoints.has(file) && /^export\b[^=;]*?\bfrom\s*'/m.test(code),
    )
    expect(barrels.map(({ file }) => file)).toEqual([])
  })

  test('asks the platform for time, chance and network only in adapters', () => {
    const forbidden =
      /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\.now\b|(?<![.\w])set(?:Timeout|Interval|Immediate)\b|node:timers|(?<![.\w])fetch\((?!\w+:)/
    const broken = product.filter(({ file, code }) => !adapters.has(file) && forbidden.test(code))
    expect(broken.map(({ file }) => file)).toEqual([])
  })
})

describe('the tree', () => {
  const files = ['src', 'test', 'scripts', 'bin', 'bench', 'docs', 'examples']
    .flatMap((folder) => filesBelow(folder))
    .concat(readdirSync(root).filter((name) => /\.(md|json|ts)$/.test(name)))
    .filter((file) => !/^test\/(judges|fixtures)\//.test(file))

  test('names no place of one machine', () => {
    const folders = ['home', 'root', 'work', 'Users'].join('|')
    const hosts = [String.raw`registry\.npmjs`, String.raw`repo1?\.maven`, 'artifactory'].join('|')
    expect(filesWith(new RegExp(`(?<![\\w.~}-])/(?:${folders})/|${hosts}`))).toEqual([])
  })

  test('switches no check off and leaves nothing for later', () => {
    const words = [
      'lint-disable',
      '@ts-(?:ignore|expect-error|nocheck)',
      'TO(?:)DO',
      'FIX(?:)ME',
      String.raw`\.only\(`,
      String.raw`\.skip\(`,
    ]
    expect(filesWith(new RegExp(words.join('|')))).toEqual([])
  })

  function filesWith(forbidden: RegExp): readonly string[] {
    const self = path.relative(root, import.meta.filename)
    return files.filter((file) => file !== self && forbidden.test(readFileSync(path.join(root, file), 'utf8')))
  }
})

describe('the reader of imports', () => {
  test('sees every form of import and no comment', () => {
    const code = withoutComments(`
      import { a } from './a.ts' // import { no } from './no.ts'
      import type { B } from './b.ts'
      import './c.ts'
      /* import d from './no.ts' */
      export { e } from './e.ts'
      const url = 'https://example.org/'; const pattern = /['"]/g
      const f = await import('./f.ts')
      type G = import('./g.ts').G
      import {
        h,
      } from './h.ts'
      const text = \`import x from no\`
    `)
    expect([...specifiersOf(code)].toSorted()).toEqual(
      ['a', 'b', 'c', 'e', 'f', 'g', 'h'].map((name) => `./${name}.ts`),
    )
  })

  test('finds a cycle', () => {
    expect(
      findCycle(
        new Map([
          ['a', ['b']],
          ['b', ['c']],
          ['c', ['b']],
        ]),
      ),
    ).toEqual(['b', 'c', 'b'])
    expect(
      findCycle(
        new Map([
          ['a', ['b', 'c']],
          ['b', ['c']],
          ['c', []],
        ]),
      ),
    ).toBeUndefined()
  })
})

function isPackage(specifier: string, name: string): boolean {
  return specifier === name || specifier.startsWith(`${name}/`) || (name === 'node:' && specifier.startsWith(name))
}

/** The first cycle found, as the path around it. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const finished = new Set<string>()
  const visit = (file: string, trail: readonly string[]): readonly string[] | undefined => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file]
    if (finished.has(file)) return undefined
    for (const imported of graph.get(file) ?? []) {
      const cycle = visit(imported, [...trail, file])
      if (cycle !== undefined) return cycle
    }
    finished.add(file)
    return undefined
  }
  for (const file of graph.keys()) {
    const cycle = visit(file, [])
    if (cycle !== undefined) return cycle
  }
  return undefined
}

/** Files of a folder of the checkout, relative to its root; none when there is no such folder. */
function filesBelow(folder: string): readonly string[] {
  const top = path.join(root, folder)
  if (statSync(top, { throwIfNoEntry: false }) === undefined) return []
  return readdirSync(top, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(folder, name))
    .filter((name) => !name.includes('node_modules') && statSync(path.join(root, name)).isFile())
}
