import { stringify } from 'yaml'
import {
  alarmRules,
  alarmTopicParameter,
  functionSettings,
  securityGroupsParameter,
  subnetsParameter,
} from './function-plan.ts'
import type { FunctionPlan, Parameter, Statement, StreamMapping } from './function-plan.ts'

type Json = Readonly<Record<string, unknown>>

const ref = (name: string): Json => ({ Ref: name })
const arnOf = (name: string): Json => ({ 'Fn::GetAtt': [name, 'Arn'] })
const when = (condition: string, then: unknown): Json => ({ 'Fn::If': [condition, then, ref('AWS::NoValue')] })
const isGiven = (parameter: string): string => `Has${parameter}`

/** A template of AWS SAM, as YAML: `sam deploy` packs and deploys it. */
export function samTemplate(plan: FunctionPlan): string {
  const asked = new Set([subnetsParameter, alarmTopicParameter, ...plan.statements.map(({ when: name }) => name)])
  const optional = plan.parameters.filter(({ name }) => asked.has(name))
  const template = {
    AWSTemplateFormatVersion: '2010-09-09',
    Transform: 'AWS::Serverless-2016-10-31',
    Description: `tailrace pipeline ${plan.pipeline} as a function (${plan.delivery})`,
    Parameters: Object.fromEntries(plan.parameters.map((one) => [one.name, parameterOf(one)])),
    // A mapping and its stream are in one region.
    Rules: {
      Region: {
        Assertions: [
          {
            Assert: { 'Fn::Equals': [ref('AWS::Region'), plan.region] },
            AssertDescription: `the streams of this pipeline are in ${plan.region}`,
          },
        ],
      },
    },
    Conditions: Object.fromEntries(
      optional.map(({ name, isList }) => [
        isGiven(name),
        { 'Fn::Not': [{ 'Fn::Equals': [isList === true ? { 'Fn::Join': ['', ref(name)] } : ref(name), ''] }] },
      ]),
    ),
    Resources: {
      LogGroup: {
        Type: 'AWS::Logs::LogGroup',
        Properties: {
          LogGroupName: `/aws/lambda/${plan.functionName}`,
          RetentionInDays: functionSettings.logRetentionDays,
        },
      },
      Role: roleOf(plan),
      Function: functionOf(plan),
      ...Object.fromEntries(plan.mappings.map((mapping) => [`${mapping.id}Mapping`, mappingOf(mapping)])),
      ...Object.fromEntries(alarms()),
    },
    Outputs: { FunctionArn: { Value: arnOf('Function') } },
  }
  return `# Written by tailrace lambda template. Deploy it with: sam deploy --guided --capabilities CAPABILITY_IAM\n${stringify(template, { lineWidth: 0, aliasDuplicateObjects: false, version: '1.1' })}`
}

function parameterOf({ description, defaultValue, pattern, isList }: Parameter): Json {
  return {
    Type: isList === true ? 'CommaDelimitedList' : 'String',
    Description: description,
    ...(defaultValue === undefined ? {} : { Default: defaultValue }),
    ...(pattern === undefined ? {} : { AllowedPattern: `^${pattern}$` }),
  }
}

function functionOf(plan: FunctionPlan): Json {
  const { runtime, architecture, handler, memoryMegabytes, timeoutSeconds } = functionSettings
  const inVpc = { SubnetIds: ref(subnetsParameter), SecurityGroupIds: ref(securityGroupsParameter) }
  const variables = Object.fromEntries(plan.variables.map(({ name, parameter }) => [name, ref(parameter)]))
  return {
    Type: 'AWS::Serverless::Function',
    Properties: {
      FunctionName: plan.functionName,
      CodeUri: plan.package,
      Handler: handler,
      Runtime: runtime,
      Architectures: [architecture],
      MemorySize: memoryMegabytes,
      Timeout: timeoutSeconds,
      Role: arnOf('Role'),
      LoggingConfig: { LogGroup: ref('LogGroup') },
      VpcConfig: when(isGiven(subnetsParameter), inVpc),
      ...(plan.variables.length === 0 ? {} : { Environment: { Variables: variables } }),
    },
  }
}

function roleOf({ statements }: FunctionPlan): Json {
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      },
      Policies: [
        {
          PolicyName: 'tailrace',
          PolicyDocument: {
            Version: '2012-10-17',
            Statement: [
              {
                Sid: 'OwnLog',
                Effect: 'Allow',
                Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
                Resource: arnOf('LogGroup'),
              },
              ...statements.map(statementOf),
            ],
          },
        },
      ],
    },
  }
}

function statementOf({ id, actions, resources, when: parameter }: Statement): Json {
  const statement = {
    Sid: id,
    Effect: 'Allow',
    Action: actions,
    Resource: resources.map((text) => (text.includes('${') ? { 'Fn::Sub': text } : text)),
  }
  return parameter === undefined ? statement : when(isGiven(parameter), statement)
}

function mappingOf({ stream, batchSize, tumblingWindow, reportsItemFailures }: StreamMapping): Json {
  return {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: {
      FunctionName: ref('Function'),
      EventSourceArn:
        stream.kind === 'dynamodb'
          ? ref(stream.streamParameter)
          : stream.streamArn.includes('${')
            ? { 'Fn::Sub': stream.streamArn }
            : stream.streamArn,
      StartingPosition: 'TRIM_HORIZON',
      BatchSize: batchSize,
      ParallelizationFactor: 1,
      MaximumRetryAttempts: -1,
      MaximumRecordAgeInSeconds: -1,
      BisectBatchOnFunctionError: false,
      ...(tumblingWindow === undefined ? {} : { TumblingWindowInSeconds: tumblingWindow }),
      ...(reportsItemFailures ? { FunctionResponseTypes: ['ReportBatchItemFailures'] } : {}),
    },
  }
}

function alarms(): readonly (readonly [string, Json])[] {
  return alarmRules.map((rule) => [
    rule.id,
    {
      Type: 'AWS::CloudWatch::Alarm',
      Properties: {
        AlarmDescription: rule.description,
        Namespace: 'AWS/Lambda',
        MetricName: rule.metric,
        Dimensions: [{ Name: 'FunctionName', Value: ref('Function') }],
        Statistic: rule.statistic,
        Period: rule.periodSeconds,
        EvaluationPeriods: rule.periods,
        Threshold: rule.threshold,
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
        TreatMissingData: 'notBreaching',
        AlarmActions: when(isGiven(alarmTopicParameter), [ref(alarmTopicParameter)]),
      },
    },
  ])
}
