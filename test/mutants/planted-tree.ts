import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Mutant, Patch } from './mutant.ts'

/** The checkout's root. */
export const root = path.resolve(import.meta.dirname, '../..')

const copied = ['src', 'test', 'docs', 'package.json', 'tsconfig.json', 'vitest.config.ts', 'ARCHITECTURE.md']

/** A copy of the checkout with the bug in it, in an empty folder. The packages are the checkout's own. */
export function plantMutant(mutant: Mutant, folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const name of copied) cpSync(path.join(root, name), path.join(folder, name), { recursive: true })
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
  for (const patch of mutant.patches) {
    const file = path.join(folder, patch.file)
    writeFileSync(file, applyPatch(readFileSync(file, 'utf8'), patch))
  }
}

/** The text with its replacement. Throws if what is to be replaced does not stand there exactly once. */
export function applyPatch(text: string, { file, find, replace }: Patch): string {
  const parts = text.split(find)
  if (parts.length !== 2) throw new Error(`${file} holds ${parts.length - 1} times, instead of once: ${find}`)
  return parts.join(replace)
}
