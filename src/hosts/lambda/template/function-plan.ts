import type { PipelineConfig } from '../../../config/pipeline-config.ts'

/**
 * A function and all that it needs, before it is written in one language or another. Texts may hold what CloudFormation
 * fills in (`${AWS::Region}`, `${AWS::AccountId}`, `${AWS::Partition}`) and the names of parameters (`${KafkaCluster}`).
 */
export interface FunctionPlan {
  readonly pipeline: string
  /** Where the streams are, and therefore the function. */
  readonly region: string
  readonly delivery: PipelineConfig['delivery']
  /** Of the function, and what everything else is named after. */
  readonly functionName: string
  /** The ZIP, as seen from the template. */
  readonly package: string
  /** Environment variables by name, and the parameters that give their values. */
  readonly variables: readonly { readonly name: string; readonly parameter: string }[]
  readonly mappings: readonly StreamMapping[]
  readonly statements: readonly Statement[]
  readonly parameters: readonly Parameter[]
}

/** How one stream is handed over. */
export interface StreamMapping {
  /** Letters and digits; unique in the plan. */
  readonly id: string
  readonly stream:
    | {
        readonly kind: 'dynamodb'
        readonly tableArn: string
        /** The stream's ARN holds the moment at which it was enabled, so somebody must look it up. */
        readonly streamParameter: string
        /** Name or ARN, as given. */
        readonly table: string
      }
    | { readonly kind: 'kinesis'; readonly streamArn: string }
  readonly batchSize: number
  /** Undefined means none. Seconds. */
  readonly tumblingWindow: number | undefined
  readonly reportsItemFailures: boolean
}

/** What the function's role may do. */
export interface Statement {
  readonly id: string
  readonly actions: readonly string[]
  readonly resources: readonly string[]
  /** Only where this parameter is not empty; undefined means always. */
  readonly when?: string
}

/** What whoever deploys the function decides. */
export interface Parameter {
  readonly name: string
  readonly description: string
  /** Undefined means that it must be given. */
  readonly defaultValue: string | undefined
  /** A regular expression for the whole value; undefined means any. */
  readonly pattern?: string
  readonly isList?: boolean
}

/** Names of parameters that every template has. */
export const subnetsParameter = 'SubnetIds'
export const securityGroupsParameter = 'SecurityGroupIds'
export const alarmTopicParameter = 'AlarmTopicArn'

/** The same for every pipeline. */
export const functionSettings = {
  runtime: 'nodejs24.x',
  architecture: 'arm64',
  handler: 'index.handler',
  memoryMegabytes: 512,
  /** Long enough for a broker that is away for a moment; a batch that is not committed by then comes again. */
  timeoutSeconds: 60,
  logRetentionDays: 30,
} as const

/** One alarm on a metric of the function, in the namespace `AWS/Lambda`. */
export interface AlarmRule {
  readonly id: string
  readonly metric: 'IteratorAge' | 'Errors' | 'Throttles'
  readonly statistic: 'Maximum' | 'Sum'
  readonly threshold: number
  /** It rings when so many periods in a row are at the threshold or above. */
  readonly periods: number
  readonly periodSeconds: number
  readonly description: string
}

/** A stream of DynamoDB keeps its changes for 24 hours: whoever is told at one hour has 23 left. */
export const alarmRules: readonly AlarmRule[] = [
  {
    id: 'IteratorAgeAlarm',
    metric: 'IteratorAge',
    statistic: 'Maximum',
    threshold: 3_600_000,
    periods: 1,
    periodSeconds: 300,
    description:
      'The oldest change of a batch was an hour old: the function is behind, and changes are lost after a day.',
  },
  {
    id: 'ErrorsAlarm',
    metric: 'Errors',
    statistic: 'Sum',
    threshold: 1,
    periods: 3,
    periodSeconds: 60,
    description: 'Batches fail again and again: a shard stands still until they pass.',
  },
  {
    id: 'ThrottlesAlarm',
    metric: 'Throttles',
    statistic: 'Sum',
    threshold: 1,
    periods: 3,
    periodSeconds: 60,
    description: 'Lambda does not start the function as often as there are shards: its concurrency is used up.',
  },
]
