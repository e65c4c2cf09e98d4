import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { evidenceSchema } from './evidence.ts'
import type { Evidence } from './evidence.ts'
import { RefusedStart } from './refused-start.ts'

/** Where an experiment's evidence is, below the root of the checkout. */
export function evidencePath(root: string, id: string): string {
  return path.join(root, 'evidence', `${id}.json`)
}

/** Reads an evidence file; undefined when there is none. A file that cannot be believed is refused by name. */
export function readEvidence(file: string): Evidence | undefined {
  const evidence = readJson(file, evidenceSchema)
  if (evidence !== undefined && evidence.id !== path.basename(file, '.json')) {
    throw new RefusedStart(`${file} holds the evidence of ${evidence.id}`)
  }
  return evidence
}

/** Reads a JSON file of that shape; undefined when there is none. */
export function readJson<T>(file: string, schema: z.ZodType<T>): T | undefined {
  const text = readIfThere(file)
  if (text === undefined) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new RefusedStart(`${file} is not JSON: ${(error as Error).message}`, { cause: error })
  }
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw new RefusedStart(`${file} is broken:\n${z.prettifyError(parsed.error)}`)
  return parsed.data
}

/** The file's text; undefined when there is no such file. */
export function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** One line for each field: a difference between two counts is readable. */
export function evidenceText(evidence: Evidence): string {
  const fields = Object.entries(evidence).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
  return `{\n${fields.join(',\n')}\n}\n`
}

/** Replaces a file whole: a crash leaves the old one or the new one. */
export function replaceFile(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true })
  const next = `${file}.${process.pid}.tmp`
  try {
    writeFileSync(next, text, { flush: true })
    renameSync(next, file)
  } finally {
    rmSync(next, { force: true })
  }
}
