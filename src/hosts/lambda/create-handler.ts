import { join, resolve } from 'node:path'
import { systemClock } from '../../async/system-clock.ts'
import { systemRng } from '../../async/system-rng.ts'
import type { ConfigInput } from '../../config/load-config.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { TailraceError } from '../../errors.ts'
import { createLogger } from '../../observe/create-logger.ts'
import type { Logger } from '../../observe/logger.ts'
import { createRedactor } from '../../observe/redactor.ts'
import type { Redactor } from '../../observe/redactor.ts'
import { configFileInput, configInput } from '../config-file.ts'
import { packageVersion } from '../package-version.ts'
import { loadConfigWithSecrets } from '../secret-references.ts'
import type { BatchFunction } from './batch-function.ts'
import { openFunctionProcess } from './function-process.ts'
import { handleEvent } from './handle-event.ts'
import type { LambdaResponse } from './lambda-response.ts'
import { createMappingWatch } from './mappings/mapping-watch.ts'
import { openLambdaApi } from './mappings/open-lambda-api.ts'
import type { MappingWatch, MappingWatchOptions } from './mappings/mapping-watch.ts'
import { notesForFunction, promiseOf } from './promise.ts'
import { withinTime } from './time-limit.ts'

/** What the handler uses of Lambda's context. */
export interface LambdaContext {
  readonly awsRequestId: string
  readonly invokedFunctionArn: string
  /** Milliseconds. */
  getRemainingTimeInMillis(): number
}

/** How a function is made. */
export interface HandlerOptions {
  /**
   * A pipeline file, or its properties. Default: the file that `TAILRACE_CONFIG` names, else `pipeline.yaml`, both in the
   * folder of the function's code.
   */
  readonly config?: string | Readonly<Record<string, unknown>>
}

/** A function for event source mappings of DynamoDB and Kinesis streams. */
export type LambdaHandler = (event: unknown, context: LambdaContext) => Promise<LambdaResponse>

/**
 * Makes the handler of a pipeline: `export const handler = createHandler()`. Nothing is opened before the first invocation,
 * and what is opened then stays for those that follow. It resolves only when everything of the batch is committed, and
 * rejects otherwise, so that the batch comes again: with an error that has a documented code for its name, and code,
 * position and remedy in its message.
 */
export function createHandler(options: HandlerOptions = {}): LambdaHandler {
  const { env } = process
  let opening: Promise<Opened> | undefined
  const opened = async (remainingMs: number): Promise<Opened> => {
    // Where an environment is invoked several times at once, one of them opens it for all.
    const own = (opening ??= withinTime(
      systemClock,
      remainingMs,
      (signal) => open(options, { env, timeLimitMs: remainingMs, signal }),
      () => undefined,
    ))
    try {
      return await own
    } catch (error) {
      if (opening === own) opening = undefined
      throw shown(known(error))
    }
  }
  return async (event, context) => {
    const { logger, config, redactor, ...parts } = await opened(context.getRemainingTimeInMillis())
    try {
      // Opening has taken its part of the time.
      return await handleEvent(event, context.getRemainingTimeInMillis(), {
        ...parts,
        config,
        logger,
        clock: systemClock,
        functionArn: context.invokedFunctionArn,
      })
    } catch (thrown) {
      const error = known(thrown)
      const { code, message } = error
      logger.error(`the batch fails: ${message}`, { code, error, request: context.awsRequestId })
      throw shown(error, config, redactor)
    }
  }
}

interface Opened {
  readonly config: PipelineConfig
  readonly redactor: Redactor
  readonly logger: Logger
  readonly batches: BatchFunction
  readonly mappings: MappingWatch
}

async function open(
  options: HandlerOptions,
  {
    env,
    timeLimitMs,
    signal,
  }: { readonly env: NodeJS.ProcessEnv; readonly timeLimitMs: number; readonly signal: AbortSignal },
): Promise<Opened> {
  const secrets = { clock: systemClock, rng: systemRng, env }
  const config = await loadConfigWithSecrets(configOf(options, env), secrets, signal)
  const redactor = createRedactor()
  for (const secret of config.secrets) redactor.add(secret.reveal())
  const logger = createLogger({
    level: config.log.level,
    format: 'json',
    isColored: false,
    destination: process.stdout,
    now: () => systemClock.now(),
    redactor,
  })
  const version = packageVersion()
  for (const note of [...config.notes, ...notesForFunction(config)]) logger.warn(note)
  logger.info(promiseOf(config), { pipeline: config.pipeline, version })
  const openLambda: MappingWatchOptions['open'] = (region, asking) =>
    openLambdaApi({ clock: systemClock, region, env }, asking)
  const mappings = createMappingWatch({ config, clock: systemClock, logger, open: openLambda })
  const parts = { config, version, env, logger, timeLimitMs, gate: mappings.gate }
  return { config, redactor, logger, mappings, batches: await openFunctionProcess(parts) }
}

function configOf({ config }: HandlerOptions, env: NodeJS.ProcessEnv): ConfigInput {
  const folder = env['LAMBDA_TASK_ROOT'] ?? process.cwd()
  if (typeof config === 'object')
    return configInput({ text: JSON.stringify(config), path: join(folder, 'handler options'), env })
  const named = config ?? env['TAILRACE_CONFIG']
  return configFileInput(resolve(folder, named === undefined || named === '' ? 'pipeline.yaml' : named), env)
}

/** Lambda shows and keeps name and message of what a function throws, and nothing else. */
function shown({ code, message, remedy }: TailraceError, config?: PipelineConfig, redactor?: Redactor): Error {
  const whose = config === undefined ? '' : ` (pipeline ${config.pipeline})`
  const text = `[${code}] ${message}${whose}. ${remedy}`
  const thrown = new Error(redactor?.redact(text) ?? text)
  thrown.name = code
  return thrown
}

function known(error: unknown): TailraceError {
  if (error instanceof TailraceError) return error
  return new TailraceError('INTERNAL', 'the function failed unexpectedly', { cause: error })
}
