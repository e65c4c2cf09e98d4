import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { strictPolicy } from '../../../test/fixtures/connector-policy.ts'
import { seededRng } from '../../async/rng.ts'
import { connectorPlugins } from '../../config/configdef/connector-plugins.ts'
import { validateConnector } from '../../config/configdef/validate-connector.ts'
import { createRedactor } from '../../observe/redactor.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import { createConnectorConfigs } from './connector-configs.ts'
import type { ConnectorConfigs } from './connector-configs.ts'

const policy = { ...strictPolicy, secretsAllow: ['env:ALLOWED_*', 'secretsmanager:*'] }

const redactor = createRedactor()
const configs: ConnectorConfigs = createConnectorConfigs({
  policy,
  clock: createManualClock(),
  rng: seededRng(1),
  env: { ALLOWED_KEY: 'a canary of sixteen letters' },
  redactor,
})

const properties = {
  name: 'orders',
  'connector.class': 'tailrace.TailraceSourceConnector',
  'source.tables': 'orders',
  'source.region': 'eu-west-1',
}

const never = new AbortController().signal
let count = 0
const entry = (config: Readonly<Record<string, string>>): Parameters<ConnectorConfigs['hasSameMeaning']>[0] => ({
  name: 'orders',
  config: { ...properties, ...config },
  configId: `3.u${++count}`,
  target: 'RUNNING',
})

describe('createConnectorConfigs', () => {
  it('gives the pipeline, with the epoch of its entry and with secrets that nobody prints', async () => {
    const loaded = await configs.load(entry({ 'mask.hmac.key': '${env:ALLOWED_KEY}' }), never)
    expect(loaded).toMatchObject({ pipeline: 'orders', epoch: 3, kafka: { brokers: ['broker:9092'] } })
    expect(redactor.redact('this is a canary of sixteen letters')).toBe('this is [hidden]')
  })

  it.each([
    ['properties without effect', {}, { 'tasks.max': '8' }, true],
    ['another property', {}, { 'poll.idle.max.ms': '50' }, false],
    [
      'another secret',
      { 'mask.hmac.key': 'sixteen letters, more' },
      { 'mask.hmac.key': 'sixteen letters, less' },
      false,
    ],
    [
      'another reference',
      { 'mask.hmac.key': '${secretsmanager:one}' },
      { 'mask.hmac.key': '${secretsmanager:other}' },
      false,
    ],
    [
      'the same reference',
      { 'mask.hmac.key': '${secretsmanager:one}' },
      { 'mask.hmac.key': '${secretsmanager:one}' },
      true,
    ],
    [
      'transforms',
      {
        transforms: 'a',
        'transforms.a.type': 'RegexRouter',
        'transforms.a.regex': 'x',
        'transforms.a.replacement': 'y',
      },
      {
        transforms: 'a',
        'transforms.a.type': 'RegexRouter',
        'transforms.a.regex': 'x',
        'transforms.a.replacement': 'z',
      },
      false,
    ],
    ['what is no pipeline', { lanes: 'x' }, { lanes: 'x' }, false],
  ])('compares meanings: %s', (_, one, other, expected) => {
    expect(configs.hasSameMeaning(entry(one), entry(other))).toBe(expected)
  })

  const folder = new URL('../../../test/fixtures/connect/', import.meta.url)
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'))
  it.each(files)('takes %s as it is, with the keys of the cluster that it came from', (file) => {
    const text = readFileSync(new URL(file, folder), 'utf8')
    const given = JSON.parse(text) as Readonly<Record<string, unknown>>
    const flat = (typeof given['config'] === 'object' ? given['config'] : given) as Readonly<Record<string, unknown>>
    const filled = Object.entries(flat).map(
      ([name, value]) =>
        [name, String(value).replace(/^<.*>$/, name.includes('region') ? 'eu-west-1' : 'filled')] as const,
    )
    const config = new Map([['name', 'taken'], ...filled])
    const plugin = connectorPlugins.find(({ translator }) =>
      translator.classes.includes(config.get('connector.class') ?? ''),
    )
    if (plugin === undefined) throw new Error(`${file} is for no connector of ours`)
    const { configs: found } = validateConnector(plugin, config, configs.surroundings)
    expect(found.flatMap(({ value }) => value.errors)).toEqual([])
  })
})
