import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { TailraceError } from '../../../errors.ts'

/** Where the build puts the function: `src/` and `dist/` lie at the same depth below package.json. */
export const functionFolder = fileURLToPath(new URL('../../../../dist/lambda/', import.meta.url))

/** The folder within the function that is tailrace's own. */
export const ownFolder = 'tailrace'

/** What every function has, whatever its pipeline, by path: the code without the entry. Throws PACKAGE_INCOMPLETE. */
export function functionFiles(folder: string = functionFolder): ReadonlyMap<string, Uint8Array> {
  const inner = path.join(folder, ownFolder)
  try {
    const names = readdirSync(inner).toSorted()
    return new Map(names.map((name) => [`${ownFolder}/${name}`, readFileSync(path.join(inner, name))]))
  } catch (error) {
    throw new TailraceError('PACKAGE_INCOMPLETE', 'the code of the function is not in this installation', {
      cause: error,
    })
  }
}

/** The entry, `index.mjs`: tells the function where its pipeline file is, unless its environment does. */
export function entryFile(pipelineFile: string): string {
  return `process.env['TAILRACE_CONFIG'] ||= ${JSON.stringify(pipelineFile)}
export const { handler } = await import('./${ownFolder}/function.js')
`
}
