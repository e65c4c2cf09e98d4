import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import type { AwsApi } from '../../aws/aws.ts'
import type { ErrorCode } from '../../error-catalogue.ts'
import type { RegistryWait } from '../schema-registry.ts'

/** Which versions may follow which, in Glue's words; `DISABLED` allows one version only. */
export type GlueCompatibility =
  | 'NONE'
  | 'DISABLED'
  | 'BACKWARD'
  | 'BACKWARD_ALL'
  | 'FORWARD'
  | 'FORWARD_ALL'
  | 'FULL'
  | 'FULL_ALL'

/** Which registry of Glue, and how it is asked. */
export interface GlueOptions {
  readonly clock: Clock
  readonly rng: Rng
  /** Closed together with the registry. */
  readonly api: AwsApi & AsyncDisposable
  readonly registryName: string
  /** What `resolve` does: register, only look up, or take the subject's latest. */
  readonly mode: 'register' | 'look-up' | 'latest'
  /** With the latest: refuse it unless it encodes as the given schema does. */
  readonly comparesLatest: boolean
  /** Of schemas that are made; those that exist keep theirs. */
  readonly compatibility: GlueCompatibility
  /** Called before each wait. Must not throw. */
  readonly onWait?: ((wait: RegistryWait) => void) | undefined
  /** Codes that are passed on although their policy is `retry`: a pre-flight check does not wait. */
  readonly giveUpOn?: readonly ErrorCode[] | undefined
}

/** The registry that Glue makes by itself, with the first schema that names no other. */
export const defaultGlueRegistry = 'default-registry'
