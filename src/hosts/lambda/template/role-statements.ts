import type { PipelineConfig } from '../../../config/pipeline-config.ts'
import { parseSecretReference } from '../../secret-services.ts'
import type { SecretReference } from '../../secret-services.ts'
import { subnetsParameter } from './function-plan.ts'
import type { Statement, StreamMapping } from './function-plan.ts'

/** What the function's role may do, and nothing else: reading its streams (which Lambda does in its name) and its log. */
export function statementsFor(
  config: PipelineConfig,
  mappings: readonly StreamMapping[],
  secretReferences: readonly string[],
): readonly Statement[] {
  return [
    ...mappings.flatMap(streamStatements),
    ...tableStatements(config, mappings),
    // The function looks at its own mappings when it starts; this action knows no resources.
    { id: 'OwnMappings', actions: ['lambda:ListEventSourceMappings'], resources: ['*'] },
    ...secretStatements(secretReferences),
    ...kafkaStatements(config),
    ...registryStatements(config),
    ...claimCheckStatements(config),
    ...(config.source.role === undefined
      ? []
      : [{ id: 'SourceRole', actions: ['sts:AssumeRole'], resources: [config.source.role.arn] }]),
    {
      id: 'NetworkInterfaces',
      actions: [
        'ec2:CreateNetworkInterface',
        'ec2:DescribeNetworkInterfaces',
        'ec2:DescribeSubnets',
        'ec2:DeleteNetworkInterface',
        'ec2:AssignPrivateIpAddresses',
        'ec2:UnassignPrivateIpAddresses',
      ],
      resources: ['*'],
      when: subnetsParameter,
    },
  ]
}

function streamStatements({ id, stream }: StreamMapping): readonly Statement[] {
  if (stream.kind === 'dynamodb') {
    const actions = ['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'].map((one) => `dynamodb:${one}`)
    return [{ id: `${id}Stream`, actions, resources: [`${stream.tableArn}/stream/*`] }]
  }
  const actions = ['DescribeStream', 'DescribeStreamSummary', 'GetRecords', 'GetShardIterator', 'ListShards']
  return [
    { id: 'ReadStream', actions: actions.map((one) => `kinesis:${one}`), resources: [stream.streamArn] },
    { id: 'ListStreams', actions: ['kinesis:ListStreams'], resources: ['*'] },
  ]
}

function tableStatements(
  { source, changes }: PipelineConfig,
  mappings: readonly StreamMapping[],
): readonly Statement[] {
  const ofMappings = mappings.flatMap(({ stream }) => (stream.kind === 'dynamodb' ? [stream.tableArn] : []))
  // Names and patterns: IAM has the same wildcards.
  const ofStream = source.type === 'kinesis' && source.records === 'dynamodb' ? source.tables.map(tableArn) : []
  const tables = [...ofMappings, ...ofStream]
  if (tables.length === 0) return []
  const items = changes.reselects ? ['dynamodb:BatchGetItem'] : []
  return [{ id: 'Tables', actions: ['dynamodb:DescribeTable', ...items], resources: tables }]
}

function tableArn(name: string): string {
  return `arn:\${AWS::Partition}:dynamodb:\${AWS::Region}:\${AWS::AccountId}:table/${name}`
}

function secretStatements(references: readonly string[]): readonly Statement[] {
  const parsed = references.map(parseSecretReference).filter((one) => one !== undefined)
  const of = (service: SecretReference['service']): readonly string[] => [
    ...new Set(parsed.filter((one) => one.service === service).map(secretArn)),
  ]
  const secrets = of('secretsmanager')
  const parameters = of('ssm')
  const all: readonly Statement[] = [
    { id: 'Secrets', actions: ['secretsmanager:GetSecretValue'], resources: secrets },
    { id: 'Parameters', actions: ['ssm:GetParameter'], resources: parameters },
    { id: 'SecretsKey', actions: ['kms:Decrypt'], resources: ['${SecretsKeyArn}'], when: 'SecretsKeyArn' },
  ]
  return parsed.length === 0 ? [] : all.filter(({ resources }) => resources.length > 0)
}

/** Secrets Manager puts a dash and six characters behind each name, which nobody knows who did not create the secret. */
function secretArn({ service, id }: SecretReference): string {
  const place = '${AWS::Region}:${AWS::AccountId}'
  if (service === 'ssm') {
    const [name = ''] = id.startsWith('arn:') ? [id] : id.split(':')
    return name.startsWith('arn:')
      ? name.split(':').slice(0, 6).join(':')
      : `arn:\${AWS::Partition}:ssm:${place}:parameter/${name.replace(/^\//, '')}`
  }
  if (!id.startsWith('arn:')) return `arn:\${AWS::Partition}:secretsmanager:${place}:secret:${id}-??????`
  return /-[A-Za-z0-9]{6}$/.test(id) ? id : `${id}-??????`
}

/** As Amazon MSK knows them; https://docs.aws.amazon.com/msk/latest/developerguide/iam-access-control.html. */
function kafkaStatements({ kafka: { sasl }, pipeline, topic, delivery }: PipelineConfig): readonly Statement[] {
  if (sasl?.mechanism !== 'AWS_MSK_IAM') return []
  const { role } = sasl
  if (role !== undefined) return [{ id: 'KafkaRole', actions: ['sts:AssumeRole'], resources: [role.arn] }]
  const arn = (kind: string, name: string): string =>
    `arn:\${AWS::Partition}:kafka:\${AWS::Region}:\${AWS::AccountId}:${kind}/\${KafkaCluster}${name}`
  const topics = ['CreateTopic', 'DescribeTopic', 'DescribeTopicDynamicConfiguration', 'WriteData', 'ReadData']
  const transactions = ['DescribeTransactionalId', 'AlterTransactionalId']
  const names = (actions: readonly string[]): readonly string[] => actions.map((action) => `kafka-cluster:${action}`)
  return [
    {
      id: 'KafkaCluster',
      actions: names(['Connect', 'DescribeCluster', 'WriteDataIdempotently']),
      resources: [arn('cluster', '')],
    },
    {
      id: 'KafkaTopics',
      actions: names(topic.create ? topics : topics.filter((action) => action !== 'CreateTopic')),
      resources: [arn('topic', '/*')],
    },
    ...(delivery === 'exactly_once'
      ? [
          {
            id: 'KafkaTransactions',
            actions: names(transactions),
            resources: [arn('transactional-id', `/tailrace.${pipeline}.*`)],
          },
        ]
      : []),
  ]
}

function registryStatements({ registry }: PipelineConfig): readonly Statement[] {
  if (registry?.kind !== 'glue') return []
  const actions = ['GetRegistry', 'GetSchemaByDefinition', 'GetSchemaVersion', 'CreateSchema', 'RegisterSchemaVersion']
  const place = `arn:\${AWS::Partition}:glue:${registry.region}:\${AWS::AccountId}`
  return [
    {
      id: 'SchemaRegistry',
      actions: actions.map((action) => `glue:${action}`),
      resources: [`${place}:registry/${registry.registryName}`, `${place}:schema/${registry.registryName}/*`],
    },
  ]
}

function claimCheckStatements({ oversize: { claimChecks } }: PipelineConfig): readonly Statement[] {
  if (claimChecks === undefined) return []
  const bucket = `arn:\${AWS::Partition}:s3:::${claimChecks.bucket}`
  return [
    {
      id: 'ClaimChecks',
      actions: ['s3:PutObject', 's3:DeleteObject'],
      resources: [`${bucket}/${claimChecks.prefix}*`],
    },
    { id: 'ClaimCheckList', actions: ['s3:ListBucket'], resources: [bucket] },
  ]
}
