import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { inapplicable } from './format-mutants.ts'
import { mutants } from './mutants.ts'
import { applyPatch, root } from './planted-tree.ts'

describe('planted bugs', () => {
  it.each(mutants)('$id still fits the source', ({ patches }) => {
    expect(patches.length).toBeGreaterThan(0)
    const texts = new Map<string, string>()
    for (const patch of patches) {
      const text = texts.get(patch.file) ?? readFileSync(path.join(root, patch.file), 'utf8')
      texts.set(patch.file, applyPatch(text, patch))
    }
  })

  it('are looked for by tests that are there', () => {
    const files = mutants.flatMap(({ caughtBy }) => (caughtBy.kind === 'tests' ? caughtBy.files : []))
    expect(files.filter((file) => !existsSync(path.join(root, file)))).toEqual([])
  })

  it('are all of M1 to M30, each planted or accounted for', () => {
    const ids = new Set([...mutants, ...inapplicable].map(({ id }) => id))
    const all = Array.from({ length: 30 }, (_, index) => `M${index + 1}`)
    expect(all.filter((id) => !ids.has(id))).toEqual([])
    expect(ids.size).toBe(mutants.length + inapplicable.length)
  })
})
