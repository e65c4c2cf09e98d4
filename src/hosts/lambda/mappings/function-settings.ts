import type { AwsApi } from '../../../aws/aws.ts'
import { isJsonObject } from '../../../aws/json-object.ts'
import { TailraceError } from '../../../errors.ts'
import { askLambda } from './event-source-mapping.ts'

/** A function as Lambda runs it, as far as that matters for batches. */
export interface FunctionSettings {
  /** With its version or alias, if one was asked for. */
  readonly arn: string
  /** Undefined for a container image. */
  readonly runtime: string | undefined
  readonly timeoutSeconds: number
  readonly memoryMegabytes: number
  /** Undefined outside of one. */
  readonly vpcId: string | undefined
  /** `Active`, or what keeps it from being invoked. */
  readonly state: string
}

/** Asks once, by name or ARN. Rejects as `listMappings` does. */
export async function readFunctionSettings(
  api: AwsApi,
  functionName: string,
  signal: AbortSignal,
): Promise<FunctionSettings> {
  const get = { path: `/2015-03-31/functions/${encodeURIComponent(functionName)}/configuration`, query: {} }
  const answer = await askLambda(api, { action: 'GetFunctionConfiguration', get }, signal)
  const {
    FunctionArn: arn,
    Runtime: runtime,
    Timeout: timeout,
    MemorySize: memory,
    VpcConfig: vpc,
    State: state,
  } = answer
  if (typeof arn !== 'string' || typeof timeout !== 'number' || typeof memory !== 'number')
    throw new TailraceError('AWS_RESPONSE', 'GetFunctionConfiguration was answered without ARN, timeout or memory')
  const vpcId = isJsonObject(vpc) ? vpc['VpcId'] : undefined
  return {
    arn,
    runtime: typeof runtime === 'string' && runtime !== '' ? runtime : undefined,
    timeoutSeconds: timeout,
    memoryMegabytes: memory,
    vpcId: typeof vpcId === 'string' && vpcId !== '' ? vpcId : undefined,
    state: typeof state === 'string' ? state : 'Active',
  }
}
