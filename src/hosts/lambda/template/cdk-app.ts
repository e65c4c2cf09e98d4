import {
  alarmRules,
  alarmTopicParameter,
  functionSettings,
  securityGroupsParameter,
  subnetsParameter,
} from './function-plan.ts'
import type { AlarmRule, FunctionPlan, Parameter, Statement, StreamMapping } from './function-plan.ts'

/** What CloudFormation calls otherwise. */
const placeholders: Readonly<Record<string, string>> = {
  'AWS::Partition': 'Aws.PARTITION',
  'AWS::Region': 'Aws.REGION',
  'AWS::AccountId': 'Aws.ACCOUNT_ID',
}

/** The files of an app of the AWS CDK, by name: one stack in TypeScript, which Node.js runs as it is. */
export function cdkApp(plan: FunctionPlan): ReadonlyMap<string, string> {
  return new Map([
    ['app.ts', appFile(plan)],
    ['cdk.json', `${JSON.stringify({ app: 'node app.ts' }, undefined, 2)}\n`],
    ['package.json', `${JSON.stringify(manifest(plan), undefined, 2)}\n`],
  ])
}

function manifest({ functionName }: FunctionPlan): object {
  return {
    name: functionName,
    private: true,
    type: 'module',
    dependencies: { 'aws-cdk-lib': '^2.276.0', constructs: '^10.8.1' },
    devDependencies: { 'aws-cdk': '^2.1148.1' },
  }
}

function appFile(plan: FunctionPlan): string {
  const given = plan.parameters.filter(({ defaultValue }) => defaultValue === undefined).map(({ name }) => name)
  const context = given.map((name) => ` -c ${name}=…`).join('')
  return `// Written by tailrace lambda template: pipeline ${plan.pipeline} as a function (${plan.delivery}).
// Deploy it with: npm install && npx cdk deploy${context}
import { App, Aws, CfnOutput, Duration, Stack } from 'aws-cdk-lib'
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import * as logs from 'aws-cdk-lib/aws-logs'
import * as sns from 'aws-cdk-lib/aws-sns'

const app = new App()

function context(name: string, form: RegExp, byDefault?: string): string {
  const value: unknown = app.node.tryGetContext(name) ?? byDefault
  if (typeof value === 'string' && (value === byDefault || form.test(value))) return value
  throw new Error(\`-c \${name}=… is missing, or has another form\`)
}

function list(text: string): string[] {
  return text.split(',').filter((part) => part !== '')
}

const settings = {
${plan.parameters.map(setting).join('\n')}
}

// A mapping and its stream are in one region.
const stack = new Stack(app, 'Tailrace', {
  stackName: ${literal(plan.functionName)},
  env: { region: ${literal(plan.region)} },
})

const logGroup = new logs.LogGroup(stack, 'LogGroup', {
  logGroupName: ${literal(`/aws/lambda/${plan.functionName}`)},
  retention: ${functionSettings.logRetentionDays},
})

const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') })
const policy = new iam.Policy(stack, 'Policy', { roles: [role] })
logGroup.grantWrite(role)
${plan.statements.map(statement).join('\n')}
${lambdaFunction(plan)}
${plan.mappings.map(mapping).join('\n')}
${alarmRules.map(alarm).join('\n')}
new CfnOutput(stack, 'FunctionArn', { value: fn.functionArn })
`
}

function setting({ name, description, defaultValue, pattern, isList }: Parameter): string {
  const form = `/${`^${pattern ?? '.*'}$`.replaceAll('/', String.raw`\/`)}/`
  const read = `context(${literal(name)}, ${form}${defaultValue === undefined ? '' : `, ${literal(defaultValue)}`})`
  return `  /** ${description}. */\n  ${name}: ${isList === true ? `list(${read})` : read},`
}

function statement({ id, actions, resources, when }: Statement): string {
  const made = `policy.addStatements(
  new iam.PolicyStatement({
    sid: ${literal(id)},
    actions: [${actions.map(literal).join(', ')}],
    resources: [${resources.map(filledIn).join(', ')}],
  }),
)`
  return when === undefined ? made : `if (settings.${when}.length > 0) {\n${indent(made)}\n}`
}

function lambdaFunction(plan: FunctionPlan): string {
  const { handler, memoryMegabytes, timeoutSeconds } = functionSettings
  const variables = plan.variables.map(({ name, parameter }) => `${name}: settings.${parameter}`)
  return `
const fn = new lambda.Function(stack, 'Function', {
  functionName: ${literal(plan.functionName)},
  code: lambda.Code.fromAsset(${literal(plan.package)}),
  handler: ${literal(handler)},
  runtime: lambda.Runtime.NODEJS_24_X,
  architecture: lambda.Architecture.ARM_64,
  memorySize: ${memoryMegabytes},
  timeout: Duration.seconds(${timeoutSeconds}),
  role,
  logGroup,${variables.length === 0 ? '' : `\n  environment: { ${variables.join(', ')} },`}
})
fn.node.addDependency(policy)
if (settings.${subnetsParameter}.length > 0) {
  // By their ids, so that the VPC need not be looked up.
  const resource = fn.node.defaultChild as lambda.CfnFunction
  resource.vpcConfig = { subnetIds: settings.${subnetsParameter}, securityGroupIds: settings.${securityGroupsParameter} }
}
`
}

function mapping({ id, stream, batchSize, tumblingWindow, reportsItemFailures }: StreamMapping): string {
  const arn = stream.kind === 'dynamodb' ? `settings.${stream.streamParameter}` : filledIn(stream.streamArn)
  const more = [
    ...(tumblingWindow === undefined ? [] : [`tumblingWindowInSeconds: ${tumblingWindow}`]),
    ...(reportsItemFailures ? ["functionResponseTypes: ['ReportBatchItemFailures']"] : []),
  ]
  return `new lambda.CfnEventSourceMapping(stack, ${literal(`${id}Mapping`)}, {
  functionName: fn.functionName,
  eventSourceArn: ${arn},
  startingPosition: 'TRIM_HORIZON',
  batchSize: ${batchSize},
  parallelizationFactor: 1,
  maximumRetryAttempts: -1,
  maximumRecordAgeInSeconds: -1,
  bisectBatchOnFunctionError: false,${more.map((line) => `\n  ${line},`).join('')}
})
`
}

function alarm(rule: AlarmRule): string {
  const name = rule.id.charAt(0).toLowerCase() + rule.id.slice(1)
  return `const ${name} = new cloudwatch.Alarm(stack, ${literal(rule.id)}, {
  alarmDescription: ${literal(rule.description)},
  metric: new cloudwatch.Metric({
    namespace: 'AWS/Lambda',
    metricName: ${literal(rule.metric)},
    dimensionsMap: { FunctionName: fn.functionName },
    statistic: ${literal(rule.statistic)},
    period: Duration.seconds(${rule.periodSeconds}),
  }),
  threshold: ${rule.threshold},
  evaluationPeriods: ${rule.periods},
  comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
})
if (settings.${alarmTopicParameter} !== '') {
  const topic = sns.Topic.fromTopicArn(stack, ${literal(`${rule.id}Topic`)}, settings.${alarmTopicParameter})
  ${name}.addAlarmAction(new SnsAction(topic))
}
`
}

/** CloudFormation's placeholders and parameters as a template of TypeScript; other texts are literals. */
function filledIn(text: string): string {
  if (!text.includes('${')) return literal(text)
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('`', '\\`')
  return `\`${escaped.replaceAll(/\$\{([\w:]+)\}/g, (_, name: string) => `\${${placeholders[name] ?? `settings.${name}`}}`)}\``
}

function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}
