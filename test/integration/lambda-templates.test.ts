import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { openCli } from '../servers/cli-under-test.ts'
import { lintCloudFormation } from '../servers/templates/cfn-lint.ts'
import { synthesize } from '../servers/templates/cdk.ts'
import { checkTerraform } from '../servers/templates/check-terraform.ts'

/** Pipelines that need something different of a template each. */
const pipelines = {
  plain: `
pipeline: shop.v2
source: { region: eu-central-1, tables: [orders, order-lines] }
kafka.bootstrap.servers: kafka:9092
`,
  'secrets, variables, at least once': `
pipeline: shop
delivery: at_least_once
source: { region: eu-central-1, tables: ['arn:aws:dynamodb:eu-central-1:123456789012:table/orders'] }
secrets.allow: ['secretsmanager:*', 'ssm:*', 'env:SHOP_*']
kafka:
  bootstrap.servers: \${env:SHOP_BROKERS}
  security.protocol: SASL_SSL
  sasl.mechanism: SCRAM-SHA-512
  sasl.username: \${ssm:/shop/user:2}
  sasl.password: \${secretsmanager:shop/kafka:password}
`,
  'Kinesis and MSK': `
pipeline: shop
source: { type: kinesis, region: eu-central-1, kinesis.stream: shop-changes, tables: ['shop-*'] }
kafka: { bootstrap.servers: 'b-1.shop:9098', security.protocol: SASL_SSL, sasl.mechanism: AWS_MSK_IAM }
`,
  'Glue, claim checks, a role': `
pipeline: shop
source: { region: eu-central-1, tables: [orders], role.arn: 'arn:aws:iam::123456789012:role/reader' }
kafka.bootstrap.servers: kafka:9092
format.key: avro
format.value: avro
schema.registry: { type: glue, glue.registry.name: shop }
oversize: { strategy: [claim-check-s3], claim.check.bucket: shop-claims, claim.check.prefix: big/ }
reselect: missing-images
`,
} as const

const names = Object.keys(pipelines) as readonly (keyof typeof pipelines)[]

/** What whoever deploys it says. */
const context = {
  OrdersStreamArn: 'arn:aws:dynamodb:eu-central-1:123456789012:table/orders/stream/2026-01-01T00:00:00.000',
  OrderLinesStreamArn: 'arn:aws:dynamodb:eu-central-1:123456789012:table/order-lines/stream/2026-01-01T00:00:00.000',
  VariableSHOPBROKERS: 'kafka:9092',
  KafkaCluster: 'shop/0e8a2c2f-1c9d-4a5e-9a57-4f1a3b1b2c3d-7',
  SubnetIds: 'subnet-0123456789abcdef0,subnet-0123456789abcdef1',
  SecurityGroupIds: 'sg-0123456789abcdef0',
  AlarmTopicArn: 'arn:aws:sns:eu-central-1:123456789012:alarms',
  SecretsKeyArn: 'arn:aws:kms:eu-central-1:123456789012:key/0e8a2c2f-1c9d-4a5e-9a57-4f1a3b1b2c3d',
}

/** Hands the folder of a template to `use`, with the text of its main file. */
async function template<T>(
  name: keyof typeof pipelines,
  format: 'sam' | 'cdk' | 'terraform',
  use: (folder: string, text: string, file: string) => Promise<T>,
): Promise<T> {
  using cli = openCli()
  cli.file('pipeline.yaml', pipelines[name])
  const { exitCode, stderr } = await cli.run('lambda', 'template', '--format', format)
  if (exitCode !== 0) throw new Error(stderr)
  const file = path.join(cli.folder, { sam: 'template.yaml', cdk: 'app.ts', terraform: 'main.tf' }[format])
  return await use(cli.folder, readFileSync(file, 'utf8'), file)
}

/** The text with one thing changed in it. */
function spoilt(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`the template does not hold ${from}`)
  return text.replace(from, to)
}

describe('AWS SAM', () => {
  it.each(names)('cfn-lint finds nothing wrong with %s', async (name) => {
    expect(await template(name, 'sam', (_, __, file) => lintCloudFormation(file))).toEqual([])
  })

  it.each([
    ['StartingPosition: TRIM_HORIZON', 'StartingPosition: TRIM_HORIZONT', /^E3033.*TRIM_HORIZONT/],
    ['TumblingWindowInSeconds: 1', 'TumblingWindowInSeconds: 901', /^E3034.*901/],
    ['MaximumRetryAttempts: -1', 'MaximumRetries: -1', /^E3002.*MaximumRetries/],
    ['Ref: OrdersStreamArn', 'Ref: OrderStreamArn', /^E1020.*OrderStreamArn/],
    ['Effect: Allow', 'Effect: Alow', /^E3530.*Alow/],
  ])('cfn-lint finds %s changed', async (from, to, finding) => {
    const findings = await template('plain', 'sam', (_, text, file) => {
      writeFileSync(file, spoilt(text, from, to))
      return lintCloudFormation(file)
    })
    expect(findings).toEqual(expect.arrayContaining([expect.stringMatching(finding)]))
  })
})

describe('the AWS CDK', () => {
  /** What the CDK itself writes: a dependency too many, and a parameter of its own. */
  const ofTheCdk = ['W3005', 'W2001']

  it.each(names)('compiles, synthesizes, and cfn-lint finds nothing wrong with %s', async (name) => {
    const findings = await template(name, 'cdk', async (folder) => {
      writeFileSync(path.join(folder, 'function.zip'), 'any')
      return lintCloudFormation(await synthesize(folder, context), ofTheCdk)
    })
    expect(findings).toEqual([])
  })

  it.each([
    ['maximumRetryAttempts: -1', "maximumRetryAttempts: '-1'", /compiling/],
    ['startingPosition:', 'startingPositon:', /compiling/],
    ['fromAsset', 'fromAssets', /compiling/],
    ["context('OrdersStreamArn'", "context('Orders'", /synthesizing.*-c Orders=/s],
  ])('finds %s changed', async (from, to, problem) => {
    const made = template('plain', 'cdk', async (folder, text, file) => {
      writeFileSync(path.join(folder, 'function.zip'), 'any')
      writeFileSync(file, spoilt(text, from, to))
      return await synthesize(folder, context)
    })
    await expect(made).rejects.toThrow(problem)
  })
})

describe('Terraform', () => {
  it.each(names)("is right by HashiCorp's parser and the schemas of the AWS provider for %s", async (name) => {
    expect(await template(name, 'terraform', (_, text) => checkTerraform(text))).toEqual([])
  })

  it.each([
    ['starting_position', 'start_position', /has no start_position/],
    ['  function_name ', '  name ', /lacks functionName/],
    ['= -1', '= "many"', /must be of type number/],
    ['var.alarm_topic_arn]', 'var.alarms]', /there is no var.alarms/],
    ['data.aws_dynamodb_table.orders.stream_arn', 'data.aws_dynamodb_table.order.stream_arn', /there is no data/],
    ['orders.stream_arn', 'orders.streams_arn', /has no attribute streams_arn/],
    ['"Sum"', '"Sum', /it is no HCL/],
  ])('%s changed is found', async (from, to, finding) => {
    const findings = await template('plain', 'terraform', (_, text) => checkTerraform(spoilt(text, from, to)))
    expect(findings).toEqual(expect.arrayContaining([expect.stringMatching(finding)]))
  })
})
