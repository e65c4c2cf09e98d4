import { expect, it } from 'vitest'
import { configInput } from '../config-file.ts'
import { loadConfig } from '../../config/load-config.ts'
import type { FunctionSettings } from '../lambda/mappings/function-settings.ts'
import { checkFunction } from './function-checks.ts'

const right: FunctionSettings = {
  arn: 'arn:aws:lambda:eu-west-1:123456789012:function:shop',
  runtime: 'nodejs24.x',
  timeoutSeconds: 60,
  memoryMegabytes: 512,
  vpcId: undefined,
  state: 'Active',
}

it.each([
  ['kafka.example.com:9092', 0],
  ['b-1-public.shop.abc.c2.kafka.eu-west-1.amazonaws.com:9198', 0],
  ['b-1.shop.abc.c2.kafka.eu-west-1.amazonaws.com:9098', 1],
  ['boot-x.c1.kafka-serverless.eu-west-1.amazonaws.com:9098', 1],
  ['10.1.2.3:9092', 1],
  ['172.20.0.9:9092', 1],
  ['172.40.0.9:9092', 0],
  ['192.168.7.7:9092', 1],
])('a function outside of a VPC and broker %s: %i warnings', (broker, warnings) => {
  expect(warningsOf(broker, right)).toHaveLength(warnings)
  expect(warningsOf(broker, { ...right, vpcId: 'vpc-1' })).toHaveLength(0)
})

it.each([
  [{ timeoutSeconds: 9 }, /Timeout is 9 s/],
  [{ memoryMegabytes: 128 }, /MemorySize is 128 MB/],
  [{ runtime: 'nodejs20.x' }, /Runtime is nodejs20\.x/],
  [{ runtime: 'python3.13' }, /Runtime is python3\.13/],
  [{ state: 'Failed' }, /state is Failed/],
])('%j is told', (changed, told) => {
  expect(warningsOf('kafka.example.com:9092', { ...right, ...changed })).toEqual([expect.stringMatching(told)])
})

it.each([{ runtime: undefined }, { runtime: 'provided.al2023' }, { state: 'Inactive' }, { runtime: 'nodejs22.x' }])(
  '%j is nothing to speak of',
  (changed) => {
    expect(warningsOf('kafka.example.com:9092', { ...right, ...changed })).toEqual([])
  },
)

function warningsOf(broker: string, settings: FunctionSettings): readonly string[] {
  const text = `pipeline: shop\nsource: { region: eu-west-1, tables: orders }\nkafka.bootstrap.servers: ${broker}\n`
  const config = loadConfig(configInput({ text, path: '/shop.yaml', env: {} }))
  return checkFunction(config, 'function shop', settings).flatMap(({ status, detail }) =>
    status === 'warning' ? [detail] : [],
  )
}
