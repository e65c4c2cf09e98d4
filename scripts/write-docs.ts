/**
 * Renders the generated parts of docs/ from the declarations: `node scripts/write-docs.ts`. A unit test fails while they
 * differ.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { generatedDocs, withGeneratedPart } from '../src/hosts/cli/generated-docs.ts'

for (const part of generatedDocs) {
  const file = new URL(`../${part.file}`, import.meta.url)
  writeFileSync(file, withGeneratedPart(readFileSync(file, 'utf8'), part))
}
