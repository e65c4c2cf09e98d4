import type { PipelineConfig } from '../config/pipeline-config.ts'
import type { ObjectWriter } from '../objects/objects.ts'
import { openS3ObjectStore } from '../objects/s3-object-store.ts'
import { retryEvent } from '../sources/source-event.ts'
import type { OwnedSource, SourceParts } from './source-parts.ts'

/** What of a configuration is about claim checks. */
type ClaimCheckSurroundings = Pick<PipelineConfig, 'oversize'> & {
  readonly source: Pick<PipelineConfig['source'], 'region'>
}

/** The store for values that are too large, under the credentials of the source; undefined where none is needed. */
export async function openClaimCheckStore(
  { oversize: { claimChecks }, source: { region } }: ClaimCheckSurroundings,
  { credentials }: Pick<OwnedSource, 'credentials'>,
  { clock, rng, env, onEvent }: SourceParts,
): Promise<(ObjectWriter & AsyncDisposable) | undefined> {
  if (claimChecks === undefined) return undefined
  const { endpoint } = claimChecks
  return openS3ObjectStore({
    clock,
    rng,
    region,
    credentials,
    env,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(onEvent === undefined ? {} : { onRetry: (retry) => onEvent(retryEvent('PutObject', {}, retry)) }),
  })
}
