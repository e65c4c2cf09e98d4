import {
  alarmRules,
  alarmTopicParameter,
  functionSettings,
  securityGroupsParameter,
  subnetsParameter,
} from './function-plan.ts'
import type { AlarmRule, FunctionPlan, Parameter, Statement, StreamMapping } from './function-plan.ts'
import { hclBlock, hclText, hclValue, snakeCase } from './hcl.ts'

/** What CloudFormation calls otherwise. */
const placeholders: Readonly<Record<string, string>> = {
  'AWS::Partition': 'data.aws_partition.current.partition',
  'AWS::Region': 'data.aws_region.current.region',
  'AWS::AccountId': 'data.aws_caller_identity.current.account_id',
}

/** A module of Terraform or OpenTofu, as HCL: `terraform apply` beside the ZIP. */
export function terraformModule(plan: FunctionPlan): string {
  // Terraform looks the ARNs of streams up by itself.
  const looked = new Set(
    plan.mappings.flatMap(({ stream }) => ('streamParameter' in stream ? [stream.streamParameter] : [])),
  )
  const parameters = plan.parameters.filter(({ name }) => !looked.has(name))
  return [
    `# Written by tailrace lambda template: pipeline ${plan.pipeline} as a function (${plan.delivery}).\n`,
    header(plan.region),
    ...[packageParameter(plan), ...parameters].map(variable),
    ...plan.mappings.flatMap(tableData),
    logGroup(plan),
    ...role(plan.statements),
    lambdaFunction(plan),
    ...plan.mappings.map(mapping),
    ...alarmRules.map(alarm),
    hclBlock('output "function_arn"', { value: hclText('aws_lambda_function.tailrace.arn') }),
  ].join('\n')
}

function header(region: string): string {
  return [
    hclBlock('terraform', {}, [
      hclBlock('required_providers', { aws: { source: 'hashicorp/aws', version: '>= 6.0' } }),
    ]),
    hclBlock('provider "aws"', { region }),
    hclBlock('data "aws_partition" "current"', {}),
    hclBlock('data "aws_region" "current"', {}),
    hclBlock('data "aws_caller_identity" "current"', {}),
  ].join('\n')
}

function packageParameter(plan: FunctionPlan): Parameter {
  return { name: 'Package', description: 'The ZIP of tailrace lambda package', defaultValue: plan.package }
}

function variable({ name, description, defaultValue, pattern, isList }: Parameter): string {
  const value = isList === true ? [] : defaultValue
  const own = snakeCase(name)
  const validation = hclBlock('validation', {
    condition: hclText(`can(regex(${hclValue(`^${pattern ?? ''}$`)}, var.${own}))`),
    error_message: `The variable ${own} has another form.`,
  })
  return hclBlock(
    `variable "${own}"`,
    {
      type: hclText(isList === true ? 'list(string)' : 'string'),
      description,
      ...(value === undefined ? {} : { default: value }),
    },
    pattern === undefined ? [] : [validation],
  )
}

function tableData({ id, stream }: StreamMapping): readonly string[] {
  if (stream.kind !== 'dynamodb') return []
  const name = stream.table.slice(stream.table.lastIndexOf('/') + 1)
  return [hclBlock(`data "aws_dynamodb_table" "${snakeCase(id)}"`, { name })]
}

function logGroup({ functionName }: FunctionPlan): string {
  return hclBlock('resource "aws_cloudwatch_log_group" "tailrace"', {
    name: `/aws/lambda/${functionName}`,
    retention_in_days: functionSettings.logRetentionDays,
  })
}

function role(statements: readonly Statement[]): readonly string[] {
  const own = { id: 'OwnLog', actions: ['logs:CreateLogStream', 'logs:PutLogEvents'] }
  return [
    hclBlock('data "aws_iam_policy_document" "assume"', {}, [
      hclBlock('statement', { actions: ['sts:AssumeRole'] }, [
        hclBlock('principals', { type: 'Service', identifiers: ['lambda.amazonaws.com'] }),
      ]),
    ]),
    hclBlock('data "aws_iam_policy_document" "tailrace"', {}, [
      hclBlock('statement', {
        sid: own.id,
        actions: own.actions,
        resources: [hclText('"${aws_cloudwatch_log_group.tailrace.arn}:*"')],
      }),
      ...statements.map(statement),
    ]),
    hclBlock('resource "aws_iam_role" "tailrace"', {
      assume_role_policy: hclText('data.aws_iam_policy_document.assume.json'),
    }),
    hclBlock('resource "aws_iam_role_policy" "tailrace"', {
      name: 'tailrace',
      role: hclText('aws_iam_role.tailrace.id'),
      policy: hclText('data.aws_iam_policy_document.tailrace.json'),
    }),
  ]
}

function statement({ id, actions, resources, when }: Statement): string {
  const body = { sid: id, actions, resources: resources.map(filledIn) }
  if (when === undefined) return hclBlock('statement', body)
  return hclBlock('dynamic "statement"', { for_each: hclText(`${isGiven(when)} ? [1] : []`) }, [
    hclBlock('content', body),
  ])
}

/** Lists and texts alike: empty ones are not given. */
function isGiven(parameter: string): string {
  return `length(var.${snakeCase(parameter)}) > 0`
}

/** CloudFormation's placeholders and parameters as references of HCL; other texts stay as they are. */
function filledIn(text: string): unknown {
  const whole = /^\$\{(\w+)\}$/.exec(text)
  if (whole !== null) return hclText(`var.${snakeCase(whole[1] ?? '')}`)
  if (!text.includes('${')) return text
  const filled = text.replaceAll(
    /\$\{([\w:]+)\}/g,
    (_, name: string) => `\${${placeholders[name] ?? `var.${snakeCase(name)}`}}`,
  )
  return hclText(`"${filled}"`)
}

function lambdaFunction(plan: FunctionPlan): string {
  const { runtime, architecture, handler, memoryMegabytes, timeoutSeconds } = functionSettings
  const variables = Object.fromEntries(
    plan.variables.map(({ name, parameter }) => [name, hclText(`var.${snakeCase(parameter)}`)]),
  )
  const place = {
    subnet_ids: hclText(`var.${snakeCase(subnetsParameter)}`),
    security_group_ids: hclText(`var.${snakeCase(securityGroupsParameter)}`),
  }
  return hclBlock(
    'resource "aws_lambda_function" "tailrace"',
    {
      function_name: plan.functionName,
      filename: hclText('var.package'),
      source_code_hash: hclText('filebase64sha256(var.package)'),
      handler,
      runtime,
      architectures: [architecture],
      memory_size: memoryMegabytes,
      timeout: timeoutSeconds,
      role: hclText('aws_iam_role.tailrace.arn'),
      depends_on: [hclText('aws_iam_role_policy.tailrace')],
    },
    [
      hclBlock('logging_config', { log_format: 'Text', log_group: hclText('aws_cloudwatch_log_group.tailrace.name') }),
      hclBlock('dynamic "vpc_config"', { for_each: hclText(`${isGiven(subnetsParameter)} ? [1] : []`) }, [
        hclBlock('content', place),
      ]),
      ...(plan.variables.length === 0 ? [] : [hclBlock('environment', { variables })]),
    ],
  )
}

function mapping({ id, stream, batchSize, tumblingWindow, reportsItemFailures }: StreamMapping): string {
  return hclBlock(`resource "aws_lambda_event_source_mapping" "${snakeCase(id)}"`, {
    function_name: hclText('aws_lambda_function.tailrace.arn'),
    event_source_arn:
      stream.kind === 'dynamodb'
        ? hclText(`data.aws_dynamodb_table.${snakeCase(id)}.stream_arn`)
        : filledIn(stream.streamArn),
    starting_position: 'TRIM_HORIZON',
    batch_size: batchSize,
    parallelization_factor: 1,
    maximum_retry_attempts: -1,
    maximum_record_age_in_seconds: -1,
    bisect_batch_on_function_error: false,
    ...(tumblingWindow === undefined ? {} : { tumbling_window_in_seconds: tumblingWindow }),
    ...(reportsItemFailures ? { function_response_types: ['ReportBatchItemFailures'] } : {}),
  })
}

function alarm(rule: AlarmRule): string {
  const topic = snakeCase(alarmTopicParameter)
  return hclBlock(`resource "aws_cloudwatch_metric_alarm" "${snakeCase(rule.id)}"`, {
    alarm_name: hclText(`"\${aws_lambda_function.tailrace.function_name}-${rule.metric}"`),
    alarm_description: rule.description,
    namespace: 'AWS/Lambda',
    metric_name: rule.metric,
    dimensions: { FunctionName: hclText('aws_lambda_function.tailrace.function_name') },
    statistic: rule.statistic,
    period: rule.periodSeconds,
    evaluation_periods: rule.periods,
    threshold: rule.threshold,
    comparison_operator: 'GreaterThanOrEqualToThreshold',
    treat_missing_data: 'notBreaching',
    alarm_actions: hclText(`${isGiven(alarmTopicParameter)} ? [var.${topic}] : []`),
  })
}
