import { lstatSync, readFileSync, readdirSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { loadConfig, secretReferences } from '../../../config/load-config.ts'
import type { PipelineConfig } from '../../../config/pipeline-config.ts'
import { TailraceError } from '../../../errors.ts'
import { configFileInput } from '../../config-file.ts'
import { withPlaceholders } from '../../secret-references.ts'
import { functionEnvironment, secretVariables } from './environment-references.ts'

/** A pipeline as a function will see it. */
export interface PipelineFiles {
  readonly config: PipelineConfig
  /** Name of the pipeline file within `files`. */
  readonly name: string
  /** By path below the function's folder, with `/`: the pipeline file and every file that it names. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** Environment variables to which the file refers: the function must have them. */
  readonly variables: readonly string[]
  /** Those of them whose values are secret. */
  readonly secretVariables: readonly string[]
  /** References to services that keep secrets, in alphabetical order: `ssm:/shop/password`. */
  readonly secretReferences: readonly string[]
}

/** Where Lambda puts a function's files. */
const taskRoot = '/var/task'

interface Given {
  /** The pipeline file; absolute. */
  readonly path: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Further files and folders, from the folder of the pipeline file. */
  readonly include: readonly string[]
}

/**
 * Reads a pipeline file and what belongs to it, by loading it as if it lay in a function's folder already. Secrets and
 * variables that are not set are placeholders meanwhile. Throws what `loadConfig` throws, and PACKAGE_FILE for a file that is
 * not there, or not below the folder of the pipeline file.
 */
export function readPipelineFiles({ path: file, env, include }: Given): PipelineFiles {
  const folder = path.dirname(file)
  const name = path.basename(file)
  const environment = functionEnvironment(env)
  const given = withPlaceholders(configFileInput(file, environment.env))
  // What is wrong with the file is told with its own name, before anything is said about files.
  loadConfig(given)
  const files = new Map<string, Uint8Array>([[name, Buffer.from(given.text, 'utf8')]])
  const take = (relative: string): Uint8Array => {
    const content = readBelow(folder, relative)
    files.set(relative, content)
    return content
  }
  const missing: TailraceError[] = []
  const readFile = (absolute: string): Uint8Array => {
    try {
      return take(relativeTo(taskRoot, absolute))
    } catch (error) {
      // Whoever asked for it says so in its own words, which are not about packaging.
      if (error instanceof TailraceError) missing.push(error)
      throw error
    }
  }
  const input = { ...given, path: path.posix.join(taskRoot, name), readFile, realPath: (one: string) => one }
  const config = loadAsFunction(() => loadConfig(input), missing)
  for (const code of config.changes.code.files) take(relativeTo(taskRoot, code))
  for (const one of include) filesBelow(folder, one).forEach(take)
  const variables = environment.names()
  return {
    config,
    name,
    files,
    variables,
    secretVariables: secretVariables(variables, given),
    secretReferences: [...secretReferences(given).references].toSorted(),
  }
}

function loadAsFunction(load: () => PipelineConfig, missing: readonly TailraceError[]): PipelineConfig {
  try {
    const config = load()
    const [first] = missing
    if (first !== undefined) throw first
    return config
  } catch (error) {
    throw missing[0] ?? error
  }
}

/** The path below `root`, with `/`. Throws PACKAGE_FILE for one that is not below it. */
function relativeTo(root: string, absolute: string): string {
  const relative = path.posix.relative(root, absolute)
  if (relative !== '' && !relative.startsWith('..') && !path.posix.isAbsolute(relative)) return relative
  const shown = root === taskRoot ? relative : absolute
  throw fileError(shown, 'is not in the folder of the pipeline file, or below it')
}

/** Links may lead to files below the folder only: what they name is read, and nothing else comes along by accident. */
function readBelow(folder: string, relative: string): Uint8Array {
  const absolute = path.join(folder, relative)
  let real: string
  try {
    real = realpathSync(absolute)
    if (!statSync(real).isFile()) throw new Error('not a regular file')
  } catch (error) {
    throw fileError(relative, 'cannot be read', error)
  }
  const root = realpathSync(folder)
  if (!real.startsWith(root.endsWith(path.sep) ? root : root + path.sep))
    throw fileError(relative, 'is a link that leads out of the folder of the pipeline file')
  return readFileSync(real)
}

/** The files of what is named, a file or a folder. Links to folders are not followed. */
function filesBelow(folder: string, named: string): readonly string[] {
  const relative = relativeTo(folder, path.resolve(folder, named))
  const absolute = path.join(folder, relative)
  const entry = lstatSync(absolute, { throwIfNoEntry: false })
  if (entry === undefined) throw fileError(named, 'does not exist')
  if (!entry.isDirectory()) return [relative]
  return readdirSync(absolute, { recursive: true, withFileTypes: true })
    .map((one) => path.join(one.parentPath, one.name))
    .filter((one) => !isFolder(one))
    .map((one) => path.relative(folder, one).split(path.sep).join('/'))
}

function isFolder(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isDirectory() === true
}

function fileError(file: string, problem: string, cause?: unknown): TailraceError {
  return new TailraceError('PACKAGE_FILE', `${file} ${problem}`, {
    details: { file },
    ...(cause === undefined ? {} : { cause }),
  })
}
