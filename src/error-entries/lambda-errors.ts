import { entry } from './error-entry.ts'

/** What can go wrong where Lambda hands the changes over. */
export const lambdaErrors = {
  WAY_CONFLICT: entry(
    'refuse',
    "The pipeline is moved in the other way: its ledger says that it is its workers' turn, or that it is its function's.",
    'Stop what is not wanted, or give the pipeline over with `tailrace switch --to worker` or `tailrace switch --to lambda`.',
  ),
  SWITCH_REFUSED: entry(
    'refuse',
    'A pipeline cannot be given over as it is: a snapshot is under way, a table is stopped or drained, changes are held back to be put in order, or no positions are kept.',
    'Do what the message names, let the pipeline run on until it is done, and switch again.',
  ),
  LAMBDA_EVENT_UNKNOWN: entry(
    'refuse',
    'The function was invoked with something that is no batch of a DynamoDB stream or of a Kinesis stream, or with one that is damaged.',
    'Invoke the function by an event source mapping of a DynamoDB or Kinesis stream only; it cannot serve other triggers.',
  ),
  LAMBDA_EVENT_MIXED: entry(
    'refuse',
    'The records of a batch are not of one shard of one stream, in increasing order. Lambda hands over no such batches.',
    'Look for whatever else invokes the function, or changes its events on the way.',
  ),
  LAMBDA_NO_SHARD: entry(
    'refuse',
    'A batch of a DynamoDB stream does not say which shard it is of, so what was delivered of it before cannot be known.',
    'Give the event source mapping a tumbling window (`TumblingWindowInSeconds`: 1 or more), or set `delivery: at_least_once`.',
  ),
  LAMBDA_WRONG_STREAM: entry(
    'refuse',
    "A batch is of a stream that is not the configuration's: of another table, region or account, or of an older stream of the table.",
    'Correct `source.tables`, `source.kinesis.stream` or `source.region`, or remove the event source mapping of the other stream.',
  ),
  LAMBDA_OUT_OF_TIME: entry(
    'retry',
    "The function's time was nearly over before the batch was committed, so it was given up; the batch comes again.",
    "Read what it was waiting for. Raise the function's timeout, or lower the mapping's `BatchSize`; check that the function reaches the brokers (subnets, security groups).",
  ),
  LAMBDA_MAPPING_UNSAFE: entry(
    'refuse',
    'The event source mapping hands batches over in a way in which changes would be lost or repeated in silence.',
    'Change the setting that the message names, or set `delivery: at_least_once`; `tailrace lambda template` shows a mapping that is right.',
  ),
  LAMBDA_MAPPING_UNKNOWN: entry(
    'retry',
    'With `lambda.mapping.check: required`: the function could not see how the batch is handed over, so it writes nothing of it.',
    "Allow `lambda:ListEventSourceMappings` to the function's role and give its subnets a way to Lambda's API (an endpoint for `lambda`, or NAT); or set `lambda.mapping.check: auto`.",
  ),
  LAMBDA_FUNCTION_UNKNOWN: entry(
    'refuse',
    'Lambda knows no function of this name in this region and account, or the name is none.',
    'Correct the name, the ARN or the alias, or use the credentials of the account that the function is in.',
  ),
} as const
