import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../../config/load-config.ts'
import type { FunctionPlan } from './function-plan.ts'
import { planFunction } from './plan-function.ts'

function plan(
  more: string,
  secretReferences: readonly string[] = [],
  secretVariables: readonly string[] = [],
): FunctionPlan {
  const text = `pipeline: shop\nkafka.bootstrap.servers: k:9092\n${more}`
  const readFile = (): never => {
    throw new Error('no file')
  }
  const config = loadConfig({ text, path: '/p/pipeline.yaml', env: {}, readFile, realPath: (one) => one })
  const files = { name: 'pipeline.yaml', files: new Map(), variables: secretVariables, secretVariables }
  return planFunction({ ...files, config, secretReferences, package: 'function.zip' })
}

const tables = 'source: { region: eu-west-1, tables: [orders, orders.eu] }'
const stream = 'source: { type: kinesis, region: eu-west-1, kinesis.stream: shop }'

describe('planFunction', () => {
  it('gives each stream of a table a mapping with a window, since only that tells the shard', () => {
    const { mappings } = plan(tables)
    expect(mappings.map(({ id }) => id)).toEqual(['Orders', 'OrdersEu'])
    expect(mappings.map(({ tumblingWindow }) => tumblingWindow)).toEqual([1, 1])
    expect(mappings.some(({ reportsItemFailures }) => reportsItemFailures)).toBe(false)
  })

  it('lets partial batches be told only where changes may repeat, and then needs no window', () => {
    const [mapping] = plan(`${tables}\ndelivery: at_least_once`).mappings
    expect(mapping).toMatchObject({ tumblingWindow: undefined, reportsItemFailures: true })
  })

  it('needs no window for a Kinesis stream, and nobody to look its ARN up', () => {
    const { mappings, parameters } = plan(stream)
    expect(mappings).toMatchObject([
      {
        tumblingWindow: undefined,
        stream: { streamArn: 'arn:${AWS::Partition}:kinesis:${AWS::Region}:${AWS::AccountId}:stream/shop' },
      },
    ])
    expect(parameters.filter(({ defaultValue }) => defaultValue === undefined)).toEqual([])
  })

  it('grants reading of just these streams, and of just these secrets', () => {
    const arn = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:other-AbCdEf'
    const { statements } = plan(tables, [
      'secretsmanager:shop/kafka:password',
      `secretsmanager:${arn}`,
      'ssm:/shop/user:3',
    ])
    const resourcesOf = (id: string): readonly string[] => statements.find((one) => one.id === id)?.resources ?? []
    const here = '${AWS::Region}:${AWS::AccountId}'
    expect(resourcesOf('OrdersStream')).toEqual([`arn:\${AWS::Partition}:dynamodb:${here}:table/orders/stream/*`])
    expect(resourcesOf('Secrets')).toEqual([
      `arn:\${AWS::Partition}:secretsmanager:${here}:secret:shop/kafka-??????`,
      arn,
    ])
    expect(resourcesOf('Parameters')).toEqual([`arn:\${AWS::Partition}:ssm:${here}:parameter/shop/user`])
    const everywhere = statements.filter(({ resources }) => resources.includes('*')).map(({ id }) => id)
    expect(everywhere).toEqual(['OwnMappings', 'NetworkInterfaces'])
    expect(statements.flatMap(({ actions }) => actions).filter((action) => action.includes('*'))).toEqual([])
  })

  it('asks for nothing that the pipeline does not use', () => {
    const ids = plan(stream).statements.map(({ id }) => id)
    expect(ids).toEqual(['ReadStream', 'ListStreams', 'Tables', 'OwnMappings', 'NetworkInterfaces'])
  })

  it.each([
    ['source: { region: eu-west-1, tables: ["orders-*"] }', [], /holds the pattern orders-\*/],
    [tables, ['KAFKA_PASSWORD'], /a secret comes from KAFKA_PASSWORD/],
  ])('refuses %s with %j', (more, secretVariables, message) => {
    expect(() => plan(more, [], secretVariables)).toThrow(
      expect.objectContaining({ code: 'TEMPLATE_PIPELINE', message: expect.stringMatching(message) }),
    )
  })
})
