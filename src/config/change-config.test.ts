import { describe, expect, it } from 'vitest'
import { loadPipeline, minimalPipeline, pipelineFailure } from '../../test/fixtures/load-pipeline.ts'
import { configFingerprint } from './config-fingerprint.ts'

describe('a configuration of changes', () => {
  it('reads filters, masks, routes and files, and hides the key of masks', () => {
    const config = loadPipeline(
      `${minimalPipeline}
filter: {exclude.tables: [tmp-*], operations: [INSERT, READ], condition: "status = 'open'", leaving: delete}
mask: {fields: [orders.email=hmac], hmac.key: "\${env:TAILRACE_KEY}"}
route.rules: ["total > 10 => {prefix}.large"]
transforms: [./a.ts, /b.ts]
reselect: missing-images
`,
      { env: { TAILRACE_KEY: 'sixteen characters' } },
    )
    expect(config.changes).toMatchObject({
      filter: {
        excludedTables: ['tmp-*'],
        operations: ['INSERT', 'READ'],
        condition: { kind: 'compare' },
        leaving: 'delete',
      },
      masks: [{ table: 'orders', path: ['email'], method: { kind: 'hmac' } }],
      routes: [{ template: [{ word: 'prefix' }, { text: '.large' }] }],
      code: { files: ['/etc/tailrace/a.ts', '/b.ts'] },
      reselects: true,
    })
    expect(config.source).toMatchObject({ allowsKeysOnly: true, allowsOldImage: true })
    expect(config.changes.hmacKey?.reveal()).toBe('sixteen characters')
    expect(config.secrets.map((secret) => secret.reveal())).toEqual(['sixteen characters'])
    expect(JSON.stringify(config)).not.toContain('sixteen')
    expect(loadPipeline(`${minimalPipeline}filter.operations: [INSERT]`).notes).toEqual([
      expect.stringContaining('has no READ'),
    ])
    expect(loadPipeline(`${minimalPipeline}filter.condition: a = 1\ntopic.cleanup.policy: compact`).notes).toHaveLength(
      1,
    )
  })

  it('takes files in front of aliases, and nowhere else', () => {
    const config = loadPipeline(`${minimalPipeline}transforms: [./a.ts, unwrap]\ntransforms.unwrap.type: X\n`)
    expect(config.changes.code.files).toEqual(['/etc/tailrace/a.ts'])
    expect(config.transforms.transforms).toEqual(['unwrap'])
    const wrong = `${minimalPipeline}transforms: [unwrap, ./a.ts]\ntransforms.unwrap.type: X\n`
    expect(pipelineFailure(wrong).message).toMatch(/transforms must be a list of paths .*, and behind them aliases/)
  })

  it('names the characters at which conditions and rules are wrong', () => {
    const error = pipelineFailure(`${minimalPipeline}
filter.condition: "a = 1 b"
mask.fields: [orders.a=null, "orders.secret=md5", orders.b=hmac]
route.rules: ["a = 1 => a/b"]
`)
    expect(error.message).toBe(`/etc/tailrace/pipeline.yaml has 4 problems:
  line 5: filter.condition: the condition should end here, or go on with AND or OR (character 7)
  line 6: mask.fields, entry 2: one of null, fixed(text), hash, hmac, remove should stand here (character 15)
  line 6: mask.fields with hmac needs mask.hmac.key
  line 7: route.rules, entry 1: a topic has letters, digits, dots, dashes and underscores (character 10)`)
  })

  it('compares lists whose order means something in their order', () => {
    const fingerprint = (rules: string): string =>
      configFingerprint(loadPipeline(`${minimalPipeline}route.rules: [${rules}]`))
    expect(fingerprint('a = 1 => x, b = 1 => y')).not.toBe(fingerprint('b = 1 => y, a = 1 => x'))
    const operations = (list: string): string =>
      configFingerprint(loadPipeline(`${minimalPipeline}filter.operations: [${list}]`))
    expect(operations('READ, INSERT')).toBe(operations('INSERT, READ'))
    expect(operations('READ, REMOVE, INSERT, MODIFY')).toBe(configFingerprint(loadPipeline(minimalPipeline)))
  })
})
