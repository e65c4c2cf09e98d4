import { describe, expect, it } from 'vitest'
import { TailraceError } from '../errors.ts'
import { loadConfig } from './load-config.ts'
import type { PipelineConfig } from './pipeline-config.ts'

function load(more: string): PipelineConfig {
  const noFiles = (): never => {
    throw new Error('there are no files')
  }
  const text = `pipeline: shop
source: {region: eu-west-1, tables: [orders]}
kafka.bootstrap.servers: b:9092
${more}
`
  return loadConfig({ text, path: '/p.yaml', env: {}, readFile: noFiles, realPath: noFiles })
}

function problems(more: string): string {
  try {
    load(more)
  } catch (error) {
    if (error instanceof TailraceError && error.code === 'CONFIG_INVALID') return error.message
    throw error
  }
  return 'none'
}

describe('oversize', () => {
  it('takes one strategy or a ladder of them, and what claim checks need', () => {
    expect(load('oversize.strategy: drop-before').oversize).toEqual({
      strategies: ['drop-before'],
      claimChecks: undefined,
    })
    const ladder = `oversize:
  strategy: [drop-before, claim-check-s3, dead-letter]
  claim.check: {bucket: large, prefix: values/, owner: "123456789012", endpoint: "http://localhost:9000"}`
    expect(load(ladder).oversize).toEqual({
      strategies: ['drop-before', 'claim-check-s3', 'dead-letter'],
      claimChecks: { bucket: 'large', prefix: 'values/', owner: '123456789012', endpoint: 'http://localhost:9000' },
    })
  })

  it.each([
    ['oversize.strategy: truncate', /one of `fail`, `drop-before`/],
    ['oversize.strategy: [chunk, chunk]', /names a strategy twice/],
    ['oversize.strategy: [fail, chunk]', /has something behind fail/],
    ['oversize.strategy: [dead-letter, drop-before]', /has something behind dead-letter/],
    ['oversize.strategy: claim-check-s3', /needs oversize.claim.check.bucket/],
    ['oversize.claim.check.bucket: large', /is set without oversize.strategy: claim-check-s3/],
    ['oversize.strategy: chunk\ntopic.cleanup.policy: compact,delete', /would keep the last part of a value alone/],
  ])('refuses %s', (more, problem) => {
    expect(problems(more)).toMatch(problem)
  })
})
