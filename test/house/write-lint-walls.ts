/** Renews the import walls in .oxlintrc.json from the table in ARCHITECTURE.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { readHouseTable, root } from './house-table.ts'
import { isLintWall, lintWalls } from './lint-walls.ts'
import type { LintWall } from './lint-walls.ts'

const file = path.join(root, '.oxlintrc.json')
const config = JSON.parse(readFileSync(file, 'utf8')) as { overrides: LintWall[] }
config.overrides = [...config.overrides.filter((entry) => !isLintWall(entry)), ...lintWalls(readHouseTable())]
writeFileSync(file, `${JSON.stringify(config, undefined, 2)}\n`)
