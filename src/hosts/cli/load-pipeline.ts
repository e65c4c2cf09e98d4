import { resolve } from 'node:path'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { readConfigFile } from '../config-file.ts'
import type { CommandContext } from './command-context.ts'

/**
 * Loads the file that a command line names; its secrets are hidden in errors from then on. Paths in messages stay as they
 * were typed if they are absolute, and are made absolute otherwise.
 */
export function loadPipeline(path: string, context: CommandContext): PipelineConfig {
  const { cwd, env, workerFile } = context
  const worker = workerFile === undefined ? undefined : resolve(cwd, workerFile)
  const config = readConfigFile(resolve(cwd, path), env, worker)
  for (const secret of config.secrets) context.redactor.add(secret.reveal())
  return config
}
