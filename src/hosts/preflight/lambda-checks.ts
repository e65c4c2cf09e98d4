import { createCredentialsCache, createCredentialsLoader } from '../../aws/credentials.ts'
import type { AwsApi } from '../../aws/aws.ts'
import { retryForever } from '../../aws/retry-forever.ts'
import { createAwsApi } from '../../aws/signed-request.ts'
import { mapBounded } from '../../async/map-bounded.ts'
import type { Table } from '../../change/table.ts'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import type { ErrorCode } from '../../error-catalogue.ts'
import { TailraceError } from '../../errors.ts'
import { listMappings } from '../lambda/mappings/event-source-mapping.ts'
import type { EventSourceMapping } from '../lambda/mappings/event-source-mapping.ts'
import { readFunctionSettings } from '../lambda/mappings/function-settings.ts'
import { judgeMapping } from '../lambda/mappings/mapping-promise.ts'
import type { MappingFinding } from '../lambda/mappings/mapping-promise.ts'
import { failed, passed, warning } from './finding.ts'
import type { Finding } from './finding.ts'
import { checkFunction } from './function-checks.ts'
import { ask } from './preflight-parts.ts'
import type { PreflightParts } from './preflight-parts.ts'

/** Errors that do not pass by waiting a little. */
const hopeless: readonly ErrorCode[] = ['AWS_ACCESS_DENIED', 'AWS_CREDENTIALS']
const patienceMs = 10_000
/** Lambda answers fifteen questions a second for a whole account. */
const streamsAtOnce = 2

/**
 * How a function is given the pipeline's changes, and which promise holds for them. `functionName` is a name or an ARN, perhaps
 * with a version or an alias; `tables` are those that could be described. Lambda is asked as whoever runs the check.
 */
export async function checkLambda(
  config: PipelineConfig,
  functionName: string,
  tables: readonly Table[],
  parts: PreflightParts,
): Promise<readonly Finding[]> {
  const { clock, env } = parts
  const region = /^arn:[^:]+:lambda:([^:]+):/.exec(functionName)?.[1] ?? config.source.region
  const credentials = createCredentialsCache({ clock, load: createCredentialsLoader({ region, env }) })
  const check = `function ${functionName}`
  const streams = streamsOf(config, tables)
  try {
    await using api = createAwsApi({ clock, region, env, credentials, limits: { maxConnections: 2 } })
    const access = { api, parts }
    const settings = await answered(access, (signal) => readFunctionSettings(api, functionName, signal))
    const own = await answered(access, (signal) => listMappings(api, { functionName }, signal))
    const around = await mapBounded(streams, streamsAtOnce, ({ arn }) =>
      answered(access, (signal) => listMappings(api, { streamArn: arn }, signal)),
    )
    return [
      ...checkFunction(config, check, settings),
      ...own.flatMap((mapping) => checkMapping(config, mapping, { streams, others: [...own, ...around.flat()] })),
      ...streams.flatMap((stream) => checkStream(stream, { check, own, others: around.flat(), arn: settings.arn })),
    ]
  } catch (error) {
    return [failed(check, error)]
  }
}

interface KnownStream {
  /** As mappings name it. */
  readonly arn: string
  /** `table orders`, `stream changes`. */
  readonly name: string
}

function streamsOf({ source }: PipelineConfig, tables: readonly Table[]): readonly KnownStream[] {
  if (source.type === 'kinesis')
    return tables.flatMap(({ arn, name }) => (arn.includes(':kinesis:') ? [{ arn, name: `stream ${name}` }] : []))
  return tables.map(({ streamArn, name }) => ({ arn: streamArn, name: `table ${name}` }))
}

/** One question with a few repetitions. */
async function answered<T>(
  { parts }: { readonly api: AwsApi; readonly parts: PreflightParts },
  question: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  let last: TailraceError | undefined
  const { clock, rng } = parts
  const policy = { baseMs: 200, capMs: 2000 }
  const onRetry = ({ error }: { readonly error: TailraceError }): void => void (last = error)
  const onTimeout = (): TailraceError =>
    last ?? new TailraceError('AWS_UNREACHABLE', `Lambda did not answer within ${patienceMs} ms`)
  return ask(
    parts,
    (signal) => retryForever({ clock, rng, policy, giveUpOn: hopeless, onRetry }, () => question(signal), signal),
    { ms: patienceMs, onTimeout },
  )
}

function checkMapping(
  config: PipelineConfig,
  mapping: EventSourceMapping,
  { streams, others }: { readonly streams: readonly KnownStream[]; readonly others: readonly EventSourceMapping[] },
): readonly Finding[] {
  const { id, streamArn, state, lastResult } = mapping
  const stream = streams.find(({ arn }) => arn === streamArn)
  const check = `mapping of ${stream?.name ?? streamArn}`
  // Where no table could be described, nothing can be said about whose stream it is.
  if (stream === undefined && streams.length > 0) {
    const why = `mapping ${id} is of ${streamArn}, which is not among the pipeline's present streams: its batches fail`
    return [failed(check, new TailraceError('LAMBDA_WRONG_STREAM', why))]
  }
  const twins = new Map(others.filter((one) => isTwin(one, mapping)).map((one) => [one.id, one]))
  const { promise, findings } = judgeMapping(config, mapping, [...twins.values()])
  const summary = `${state}, ${promise}`
  return [
    findings.length === 0 ? passed(check, summary) : warning(check, summary),
    ...findings.map((finding) => shown(check, finding)),
    ...(/^Disabl|^Delet/.test(state)
      ? [
          warning(
            check,
            `mapping ${id} is ${state}: nothing is handed over, and changes are lost when they are trimmed`,
          ),
        ]
      : []),
    ...(lastResult.startsWith('PROBLEM') ? [warning(check, `Lambda says of its last batch: ${lastResult}`)] : []),
  ]
}

/** Another mapping of the same stream to the same function, under whatever name. */
function isTwin(one: EventSourceMapping, { id, streamArn, functionArn }: EventSourceMapping): boolean {
  const isSame = one.streamArn === streamArn && withoutQualifier(one.functionArn) === withoutQualifier(functionArn)
  return isSame && one.id !== id && one.state !== 'Disabled'
}

function shown(check: string, { effect, detail, remedy, code }: MappingFinding): Finding {
  if (effect === 'weaker' || code === undefined) return warning(check, detail, remedy)
  return { ...failed(check, new TailraceError(code, detail)), remedy }
}

/** Who has the stream, and whether the function does. */
function checkStream(
  { arn, name }: KnownStream,
  around: {
    readonly check: string
    readonly arn: string
    readonly own: readonly EventSourceMapping[]
    readonly others: readonly EventSourceMapping[]
  },
): readonly Finding[] {
  const isMapped = around.own.some(({ streamArn }) => streamArn === arn)
  const strangers = around.others.filter(
    ({ streamArn, functionArn, state }) =>
      streamArn === arn && state !== 'Disabled' && withoutQualifier(functionArn) !== withoutQualifier(around.arn),
  )
  return [
    ...(isMapped ? [] : [warning(name, `no mapping hands its changes over to ${around.check}`, mapIt)]),
    ...strangers.map(({ functionArn }) =>
      warning(
        name,
        `also handed over to ${functionArn}: if that runs this pipeline, too, they take each shard from each other with every batch`,
      ),
    ),
  ]
}

const mapIt = 'Make an event source mapping of its stream; `tailrace lambda template` shows one that is right.'

function withoutQualifier(functionArn: string): string {
  return functionArn.split(':').slice(0, 7).join(':')
}
