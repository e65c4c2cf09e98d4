import { resolve } from 'node:path'
import { loadConfig } from '../../config/load-config.ts'
import type { ConfigInput } from '../../config/load-config.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { configFileInput } from '../config-file.ts'
import { loadConfigWithSecrets, withPlaceholders } from '../secret-references.ts'
import type { CommandContext } from './command-context.ts'

/**
 * Loads the file that a command line names; its secrets are hidden in errors from then on. Paths in messages stay as they
 * were typed if they are absolute, and are made absolute otherwise. AWS is asked only for secrets to which the file refers.
 */
export async function loadPipeline(path: string, context: CommandContext): Promise<PipelineConfig> {
  const config = await loadConfigWithSecrets(inputOf(path, context), context, context.signal)
  return hideSecrets(config, context)
}

/** As `loadPipeline`, for commands that ask nobody: what AWS would be asked for is a placeholder. */
export function loadPipelineOffline(path: string, context: CommandContext): PipelineConfig {
  return hideSecrets(loadConfig(withPlaceholders(inputOf(path, context))), context)
}

function inputOf(path: string, { cwd, env, workerFile }: CommandContext): ConfigInput {
  const worker = workerFile === undefined ? undefined : resolve(cwd, workerFile)
  return configFileInput(resolve(cwd, path), env, worker)
}

function hideSecrets(config: PipelineConfig, { redactor }: CommandContext): PipelineConfig {
  for (const secret of config.secrets) redactor.add(secret.reveal())
  return config
}
