import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { generatedDocs, withGeneratedPart } from './generated-docs.ts'

describe('docs/', () => {
  it.each(generatedDocs.map((part) => [part.file, part] as const))('%s is what the declarations say', (file, part) => {
    const document = readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8')
    // If this fails: node scripts/write-docs.ts
    expect(document).toBe(withGeneratedPart(document, part))
  })
})
