import type { PipelineConfig } from '../../../config/pipeline-config.ts'
import type { KinesisConfig } from '../../../config/source-config.ts'
import { isNamePattern } from '../../../change/name-pattern.ts'
import { TailraceError } from '../../../errors.ts'
import type { PipelineFiles } from '../package/pipeline-files.ts'
import { alarmTopicParameter, securityGroupsParameter, subnetsParameter } from './function-plan.ts'
import type { FunctionPlan, Parameter, StreamMapping } from './function-plan.ts'
import { createIdentifiers } from './identifiers.ts'
import { statementsFor } from './role-statements.ts'

/** What a template is written from. */
export interface PlanInput extends PipelineFiles {
  /** The ZIP, as seen from the template. */
  readonly package: string
}

/**
 * Decides what a pipeline's function needs. Throws TEMPLATE_PIPELINE for tables that are not named one by one, and for secrets
 * that would stand in the function's environment.
 */
export function planFunction(input: PlanInput): FunctionPlan {
  const { config, variables, secretVariables, secretReferences } = input
  refusePlainSecrets(secretVariables)
  const { pipeline, delivery, source } = config
  const identifiers = createIdentifiers()
  const mappings = source.type === 'kinesis' ? [kinesisMapping(config, source)] : tableMappings(config, identifiers)
  const variableParameters = variables.map((name) => ({ name, parameter: identifiers.of(`Variable ${name}`) }))
  return {
    pipeline,
    region: source.region,
    delivery,
    functionName: `tailrace-${pipeline.replaceAll('.', '-')}`.slice(0, 64),
    package: input.package,
    variables: variableParameters,
    mappings,
    statements: statementsFor(config, mappings, secretReferences),
    parameters: [
      ...mappings.flatMap(streamParameter),
      ...variableParameters.map(({ name, parameter }) => ({
        name: parameter,
        description: `The function's environment variable ${name}; it can be read by whoever may see the function`,
        defaultValue: undefined,
      })),
      ...clusterParameters(config),
      ...placeParameters,
      ...(secretReferences.length === 0 ? [] : [secretsKeyParameter]),
      alarmParameter,
    ],
  }
}

function refusePlainSecrets(names: readonly string[]): void {
  if (names.length === 0) return
  const message = `a secret comes from ${names.join(', ')}, and a function's environment shows it in plain text; refer to it by \${secretsmanager:…} or \${ssm:…}`
  throw new TailraceError('TEMPLATE_PIPELINE', message)
}

/** Rows of a table have up to 400 KB, and Lambda hands over 6 MB at most. */
const batchSize = 1000

/** A batch must not wait for longer than it has to, should Lambda let it. Seconds. */
const window = 1

function tableMappings(
  { source, delivery }: PipelineConfig,
  identifiers: ReturnType<typeof createIdentifiers>,
): readonly StreamMapping[] {
  return source.tables.map((table) => {
    if (isNamePattern(table)) {
      const message = `source.tables holds the pattern ${table}; a function reads the tables that its mappings name, so name each of them`
      throw new TailraceError('TEMPLATE_PIPELINE', message)
    }
    const id = identifiers.of(table.slice(table.lastIndexOf('/') + 1))
    return {
      id,
      stream: { kind: 'dynamodb', table, tableArn: tableArnOf(table), streamParameter: `${id}StreamArn` },
      batchSize,
      tumblingWindow: delivery === 'exactly_once' ? window : undefined,
      reportsItemFailures: delivery === 'at_least_once',
    }
  })
}

/** A batch of a Kinesis stream says which shard it is of, so it needs no window. */
function kinesisMapping({ delivery }: PipelineConfig, { stream }: KinesisConfig): StreamMapping {
  const streamArn = stream.startsWith('arn:')
    ? stream
    : `arn:\${AWS::Partition}:kinesis:\${AWS::Region}:\${AWS::AccountId}:stream/${stream}`
  return {
    id: 'Stream',
    stream: { kind: 'kinesis', streamArn },
    batchSize,
    tumblingWindow: undefined,
    reportsItemFailures: delivery === 'at_least_once',
  }
}

function tableArnOf(table: string): string {
  return table.startsWith('arn:')
    ? table
    : `arn:\${AWS::Partition}:dynamodb:\${AWS::Region}:\${AWS::AccountId}:table/${table}`
}

function streamParameter({ stream }: StreamMapping): readonly Parameter[] {
  if (stream.kind !== 'dynamodb') return []
  return [
    {
      name: stream.streamParameter,
      description: `The ARN of the stream of table ${stream.table} (LatestStreamArn of aws dynamodb describe-table)`,
      defaultValue: undefined,
      pattern: String.raw`arn:[\w-]+:dynamodb:[\w-]+:\d{12}:table/[\w.-]+/stream/[\w.:-]+`,
    },
  ]
}

function clusterParameters({ kafka }: PipelineConfig): readonly Parameter[] {
  if (kafka.sasl?.mechanism !== 'AWS_MSK_IAM') return []
  return [
    {
      name: 'KafkaCluster',
      description: 'Name and id of the MSK cluster: what stands behind :cluster/ in its ARN',
      defaultValue: undefined,
      pattern: String.raw`[\w-]+/[\w-]+`,
    },
  ]
}

const placeParameters: readonly Parameter[] = [
  {
    name: subnetsParameter,
    description: 'Subnets from which the brokers can be reached; empty: the function is in no VPC',
    defaultValue: '',
    isList: true,
  },
  {
    name: securityGroupsParameter,
    description: 'Security groups of the function, where it has subnets',
    defaultValue: '',
    isList: true,
  },
]

const secretsKeyParameter: Parameter = {
  name: 'SecretsKeyArn',
  description: 'The KMS key of the secrets, where it is not the AWS managed one',
  defaultValue: '',
}

const alarmParameter: Parameter = {
  name: alarmTopicParameter,
  description: 'An SNS topic that is told of alarms; empty: nobody is',
  defaultValue: '',
}
