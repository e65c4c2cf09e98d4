import { describe, expect, it } from 'vitest'
import { configInput } from '../../config-file.ts'
import { loadConfig } from '../../../config/load-config.ts'
import type { EventSourceMapping } from './event-source-mapping.ts'
import { judgeMapping } from './mapping-promise.ts'
import type { MappingConfig, MappingJudgement } from './mapping-promise.ts'

const right: EventSourceMapping = {
  id: 'm-1',
  functionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:shop',
  streamArn: 'arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026',
  state: 'Enabled',
  lastResult: 'OK',
  startingPosition: 'TRIM_HORIZON',
  parallelizationFactor: 1,
  maximumRetryAttempts: -1,
  maximumRecordAge: -1,
  tumblingWindow: 1,
  isFiltered: false,
  reportsItemFailures: false,
  onFailure: undefined,
}
const exact = configOf('')
const loose = configOf('delivery: at_least_once')
const kinesis = 'source: { type: kinesis, kinesis: { stream: changes, records: raw } }'

describe('a mapping as it should be', () => {
  it.each([
    ['with positions', exact, right, 'exactly once, in order of each item'],
    [
      'with positions, and answers that mean nothing',
      exact,
      { ...right, reportsItemFailures: true },
      'exactly once, in order of each item',
    ],
    [
      'without positions',
      loose,
      { ...right, tumblingWindow: 0, reportsItemFailures: true },
      'at least once, in order of each item',
    ],
    [
      'without positions, side by side',
      loose,
      { ...right, parallelizationFactor: 10, reportsItemFailures: true },
      'at least once, in order of each item',
    ],
    [
      'without positions, failing as a whole on purpose',
      configOf('delivery: at_least_once\nlambda.partial.batch.responses: false'),
      right,
      'at least once',
    ],
    [
      'of a Kinesis stream, without a window',
      configOf(kinesis),
      { ...right, tumblingWindow: 0 },
      'exactly once for each record',
    ],
    [
      'that begins late, where the pipeline does, too',
      configOf('source.start: LATEST'),
      { ...right, startingPosition: 'LATEST' },
      'exactly once',
    ],
  ])('%s takes nothing from the promise', (_, config, mapping, promise) => {
    const judgement = judgeMapping(config, mapping)
    expect(judgement).toMatchObject({ findings: [], refusal: undefined })
    expect(judgement.promise).toMatch(new RegExp(`^${promise}`))
    expect(judgement.promise).not.toContain('; not ')
  })
})

describe('a mapping that would lose changes', () => {
  it('is refused where its invocations pass over each other', () => {
    const judgement = judgeMapping(exact, { ...right, parallelizationFactor: 2 })
    expect(judgement.refusal).toMatchObject({ code: 'LAMBDA_MAPPING_UNSAFE', setting: 'ParallelizationFactor' })
    expect(judgement.refusal?.detail).toContain('at least once, order of each item kept')
    expect(judgement.promise).toBe('nothing is written: batches are refused because of ParallelizationFactor')
    expect(judgeMapping(configOf(kinesis), { ...right, parallelizationFactor: 2 }).refusal).toBeDefined()
  })

  it('is refused where it takes an answer for success', () => {
    const sure = configOf('delivery: at_least_once\nlambda.partial.batch.responses: true')
    expect(judgeMapping(sure, right).refusal).toMatchObject({
      code: 'LAMBDA_MAPPING_UNSAFE',
      setting: 'FunctionResponseTypes',
    })
    expect(judgeMapping(sure, { ...right, reportsItemFailures: true }).findings).toEqual([])
    expect(judgeMapping(configOf('lambda.partial.batch.responses: true'), right).findings).toEqual([])
  })

  it('is refused without a window, by the code that each of its batches would meet', () => {
    expect(judgeMapping(exact, { ...right, tumblingWindow: 0 }).refusal).toMatchObject({
      code: 'LAMBDA_NO_SHARD',
      setting: 'TumblingWindowInSeconds',
    })
  })
})

describe('a mapping that promises less', () => {
  it.each([
    ['MaximumRetryAttempts', { maximumRetryAttempts: 3 }, 'not of changes that Lambda gives up after 3 retries'],
    ['MaximumRetryAttempts', { maximumRetryAttempts: 0 }, 'not of changes that Lambda gives up after 0 retries'],
    ['MaximumRecordAgeInSeconds', { maximumRecordAge: 3600 }, 'not of changes that were 3600 s old'],
    ['FilterCriteria', { isFiltered: true }, 'not of changes that FilterCriteria refuses'],
    ['StartingPosition', { startingPosition: 'LATEST' }, 'not of changes from before the mapping began to poll'],
    ['StartingPosition', { startingPosition: 'AT_TIMESTAMP' }, 'not of changes from before the mapping began to poll'],
  ])('by %s %j says what it leaves out', (setting, changed, except) => {
    for (const [config, mapping] of [
      [exact, right],
      [loose, { ...right, reportsItemFailures: true }],
    ] as const) {
      const judgement = judgeMapping(config, { ...mapping, ...changed })
      expect(judgement.findings.map((finding) => [finding.setting, finding.effect])).toEqual([[setting, 'weaker']])
      expect(judgement.promise).toContain(`; ${except}`)
      expect(judgement.findings[0]?.remedy).toContain(setting)
    }
  })

  it('says where given-up batches are told, or that they are not', () => {
    const detail = (judgement: MappingJudgement): string => judgement.findings[0]?.detail ?? ''
    expect(detail(judgeMapping(exact, { ...right, maximumRetryAttempts: 3 }))).toContain('nobody is told')
    const onFailure = 'arn:aws:sqs:eu-west-1:123456789012:lost'
    expect(detail(judgeMapping(exact, { ...right, maximumRetryAttempts: 3, onFailure }))).toContain(
      `${onFailure} is told`,
    )
    expect(judgeMapping(exact, { ...right, onFailure }).findings).toEqual([])
  })

  it('without positions: repeats what is in front of a failed record, and orders by partition key', () => {
    expect(judgeMapping(loose, right).findings).toMatchObject([{ setting: 'FunctionResponseTypes', effect: 'weaker' }])
    const raw = configOf(`delivery: at_least_once\n${kinesis}`)
    const { promise } = judgeMapping(raw, { ...right, parallelizationFactor: 4, reportsItemFailures: true })
    expect(promise).toContain('not in the order of a shard, but in that of each partition key')
  })

  it('beside another one of its stream: nothing twice with positions, everything twice without', () => {
    const other = { ...right, id: 'm-2' }
    const once = judgeMapping(exact, right, [other])
    expect(once.findings).toMatchObject([{ setting: 'EventSourceArn', effect: 'weaker' }])
    expect(once.promise).toBe('exactly once, in order of each item')
    const twice = judgeMapping(loose, { ...right, reportsItemFailures: true }, [other])
    expect(twice.promise).toContain('not without a copy of every change')
  })

  it('tells all that is wrong at once', () => {
    const all = { ...right, parallelizationFactor: 10, maximumRetryAttempts: 2, maximumRecordAge: 60, isFiltered: true }
    expect(judgeMapping(exact, all).findings.map(({ setting }) => setting)).toEqual([
      'ParallelizationFactor',
      'MaximumRetryAttempts',
      'MaximumRecordAgeInSeconds',
      'FilterCriteria',
    ])
  })
})

function configOf(more: string): MappingConfig {
  const source = more.includes('kinesis')
    ? 'source.region: eu-west-1'
    : 'source.region: eu-west-1\nsource.tables: orders'
  const text = `pipeline: shop\n${source}\nkafka.bootstrap.servers: localhost:9092\n${more}\n`
  return loadConfig(configInput({ text, path: '/shop.yaml', env: {} }))
}
