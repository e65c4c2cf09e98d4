import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync } from 'node:fs'
import type { ConfigSources } from '../config/references.ts'
import { loadConfig } from '../config/load-config.ts'
import type { ConfigInput } from '../config/load-config.ts'
import type { PipelineConfig } from '../config/pipeline-config.ts'
import { TailraceError } from '../errors.ts'
import { checkTransforms } from './transforms-of.ts'

/** Larger files are none of configuration's: certificates bundles have a few hundred KB. */
const maximumBytes = 4 * 1024 * 1024

/**
 * Reads and checks a pipeline file, or a connector's, of this machine; `workerPath` is a Connect worker's file. Throws what
 * `loadConfig` throws, and CONFIG_UNREADABLE if one of the files cannot be read. References to secrets that AWS keeps are
 * refused: `loadConfigWithSecrets` fetches them.
 */
export function readConfigFile(path: string, env: ConfigSources['env'], workerPath?: string): PipelineConfig {
  return loadConfig(configFileInput(path, env, workerPath))
}

/** A file of this machine for `loadConfig`. Throws CONFIG_UNREADABLE if it, or the worker's file, cannot be read. */
export function configFileInput(path: string, env: ConfigSources['env'], workerPath?: string): ConfigInput {
  const worker = workerPath === undefined ? {} : { worker: { path: workerPath, text: readPipelineText(workerPath) } }
  return configInput({ text: readPipelineText(path), path, env, ...worker })
}

/** A text for `loadConfig`, whose files are those of this machine. */
export function configInput(given: Pick<ConfigInput, 'text' | 'path' | 'env' | 'worker'>): ConfigInput {
  return {
    ...given,
    readFile: readRegularFile,
    realPath: (file) => realpathSync.native(file),
    checkFamilies: checkTransforms,
  }
}

/** The text of a file. Throws CONFIG_UNREADABLE if it cannot be read, or is no text. */
export function readPipelineText(path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readRegularFile(path))
  } catch (error) {
    throw new TailraceError('CONFIG_UNREADABLE', `${path} cannot be read`, { cause: error, details: { file: path } })
  }
}

/**
 * Pipes and devices would block or never end, so only regular files are read. The check is on the opened file, and opening
 * does not wait for a pipe's writer.
 */
function readRegularFile(path: string): Uint8Array {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stat = fstatSync(descriptor)
    if (!stat.isFile()) throw new Error('not a regular file')
    if (stat.size > maximumBytes) throw new Error(`larger than ${maximumBytes} bytes`)
    return readFileSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
