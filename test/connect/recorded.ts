import { readFileSync } from 'node:fs'
import path from 'node:path'
import { connectVersion } from '../servers/local-connect.ts'
import type { Recorded } from './play.ts'

/** Where the answers of a real Connect are kept: one line for each step. */
export const recordedFile = path.join(import.meta.dirname, 'recorded', `connect-${connectVersion}.json`)

/** What a real Connect answered when the conversation was last recorded. */
export function recordedAnswers(): readonly Recorded[] {
  return JSON.parse(readFileSync(recordedFile, 'utf8')) as readonly Recorded[]
}
