import type { Rng } from '../../../src/async/rng.ts'
import type { AwsAnswer, AwsApi, AwsRequest } from '../../../src/aws/aws.ts'
import { errorOfFailure, errorOfNetwork, unreadableAnswer } from '../../../src/aws/aws-errors.ts'
import type { AwsExchange } from '../../../src/aws/aws-errors.ts'
import { parseJson } from '../../../src/aws/exact-json.ts'
import type { Fault, SimulatedRequest } from '../../servers/stream-simulator/fault-plan.ts'
import { performKinesis } from '../../servers/kinesis-simulator/kinesis-operations.ts'
import type { ServedKinesis } from '../../servers/kinesis-simulator/kinesis-service.ts'
import { errorAnswer, perform } from '../../servers/stream-simulator/operations.ts'
import type { ServiceAnswer } from '../../servers/stream-simulator/operations.ts'
import { ServiceError } from '../../servers/stream-simulator/service-error.ts'
import type { ServedStreams } from '../../servers/stream-simulator/stream-service.ts'
import type { SimulatedProcess, Settle } from '../time/simulated-process.ts'
import type { VirtualTime } from '../time/virtual-time.ts'

/** What a process's way to AWS runs on. */
export interface SimulatedAwsOptions {
  readonly process: SimulatedProcess
  readonly time: VirtualTime
  readonly rng: Rng
  readonly streams: ServedStreams
  /** Has faults of its own. Without it, there is no Kinesis. */
  readonly kinesis?: ServedKinesis | undefined
  /** Milliseconds that a request takes at most, both ways. */
  readonly latencyMs: number
  /** What the answer of a Scan may take besides: in that time its items change. */
  readonly scanLatencyMs: number
  readonly onTrace: (line: string) => void
}

/**
 * The way of one process to the simulated DynamoDB: requests are done when they arrive, answers are read by the
 * product's own parser, and failures become errors by the product's own rules. Signing is not part of it.
 */
export function createSimulatedAws(options: SimulatedAwsOptions): AwsApi {
  const exchange = (request: AwsRequest, signal: AbortSignal): Promise<AwsAnswer> =>
    options.process.await<AwsAnswer>((settle) => send(options, request, settle), signal)
  return { exchange, call: async (request, signal) => (await exchange(request, signal)).body }
}

/** The same without a way: requests are done at once, by no process and without faults, and answered a turn later. */
export function createInstantAws(streams: ServedStreams, kinesis?: ServedKinesis): AwsApi {
  const exchange = async (request: AwsRequest): Promise<AwsAnswer> => {
    const seen: SimulatedRequest = { action: request.action, body: request.body, accessKeyId: 'nobody' }
    const answer = answerOf({ streams, kinesis }, request, seen, undefined)
    await new Promise((resolve) => setImmediate(resolve))
    return new Promise((resolve, reject) =>
      judge({ request, host: 'simulated' }, answer, undefined, { resolve, reject }),
    )
  }
  return { exchange, call: async (request) => (await exchange(request)).body }
}

const targets: Readonly<Record<AwsRequest['service'], string>> = {
  dynamodb: 'DynamoDB_20120810',
  streams: 'DynamoDBStreams_20120810',
  kinesis: 'Kinesis_20131202',
  glue: 'AWSGlue',
  cloudwatch: 'GraniteServiceVersion20100801',
  secretsmanager: 'secretsmanager',
  ssm: 'AmazonSSM',
  lambda: 'AWSLambda',
  tagging: 'ResourceGroupsTaggingAPI_20170126',
}

function send(options: SimulatedAwsOptions, request: AwsRequest, settle: Settle<AwsAnswer>): void {
  const { time, rng, streams, kinesis, latencyMs, process, onTrace } = options
  const way = (): number => (rng.next() * latencyMs) / 2
  onTrace(`${process.name} > aws ${request.action}`)
  time.after(way(), () => {
    const seen: SimulatedRequest = { action: request.action, body: request.body, accessKeyId: process.name }
    const fault = (request.service === 'kinesis' ? kinesis : streams)?.faults.next(seen)
    const answer = answerOf({ streams, kinesis }, request, seen, fault)
    const scanMs = request.action === 'Scan' && options.scanLatencyMs > 0 ? rng.next() * options.scanLatencyMs : 0
    const extraMs =
      scanMs + (fault?.kind === 'slow' ? fault.beforeMs + (fault.pieces ?? 1) * (fault.betweenMs ?? 0) : 0)
    time.after(way() + extraMs, () => {
      onTrace(`${process.name} < aws ${request.action} ${fault?.kind ?? answer.statusCode} ${answer.text.length}`)
      judge({ request, host: 'simulated' }, answer, fault, settle)
    })
  })
}

interface Services {
  readonly streams: ServedStreams
  readonly kinesis: ServedKinesis | undefined
}

function answerOf(
  { streams, kinesis }: Services,
  request: AwsRequest,
  seen: SimulatedRequest,
  fault: Fault | undefined,
): ServiceAnswer {
  try {
    if (request.service === 'kinesis' && kinesis !== undefined) return performKinesis(kinesis.state, seen, fault)
    return perform(streams.state, `${targets[request.service]}.${request.action}`, seen, fault)
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    return errorAnswer(400, error.type, error.message)
  }
}

function judge(
  exchange: AwsExchange,
  answer: ServiceAnswer,
  fault: Fault | undefined,
  { resolve, reject }: Settle<AwsAnswer>,
): void {
  const body = Buffer.from(answer.text)
  const cause = Object.assign(new Error('simulated'), { code: 'ECONNRESET' })
  if (fault?.kind === 'reset') reject(errorOfNetwork(exchange, cause, false))
  else if (fault?.kind === 'cut-off') reject(errorOfNetwork(exchange, cause, true))
  else if (fault?.kind === 'truncated-json' || fault?.kind === 'wrong-checksum')
    reject(unreadableAnswer(exchange, fault.kind))
  else if (answer.statusCode !== 200) {
    const { statusCode } = answer
    reject(errorOfFailure({ ...exchange, statusCode, body, requestId: undefined, errorType: undefined }))
  } else if (body.length === 0 && exchange.request.hasEmptyAnswer === true) resolve({ body: undefined, bytes: 0 })
  else resolve({ body: parseJson(body), bytes: body.length })
}
