import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readPipelineFiles } from './pipeline-files.ts'
import type { PipelineFiles } from './pipeline-files.ts'

let root = ''
let folder = ''

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'tailrace-files-'))
  folder = path.join(root, 'pipeline')
  mkdirSync(path.join(folder, 'code', 'deep'), { recursive: true })
  writeFileSync(path.join(folder, 'client.properties'), 'sasl.mechanism=PLAIN\nsasl.username=${env:KAFKA_USER}\n')
  writeFileSync(path.join(folder, 'code', 'a.ts'), 'export default (change) => change')
  writeFileSync(path.join(folder, 'code', 'deep', 'b.ts'), '')
  writeFileSync(path.join(root, 'outside.properties'), 'bootstrap.servers=k:9092')
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

function read(
  more: string,
  include: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): PipelineFiles {
  const file = path.join(folder, 'orders.yaml')
  const text = `
pipeline: shop
source.tables: [orders]
secrets.allow: ['env:*', 'ssm:*', 'secretsmanager:*']
kafka.bootstrap.servers: k:9092
${more}`
  writeFileSync(file, text)
  return readPipelineFiles({ path: file, env, include })
}

describe('readPipelineFiles', () => {
  it('takes the pipeline file and what it names, by the names by which it names them', () => {
    const pipeline = read(`
kafka: { properties.file: client.properties, security.protocol: SASL_SSL, sasl.password: x }
transforms: [./code/a.ts]`)
    expect([...pipeline.files.keys()].toSorted()).toEqual(['client.properties', 'code/a.ts', 'orders.yaml'])
    expect(pipeline.name).toBe('orders.yaml')
    expect(pipeline.config.source.region).toBe('us-east-1')
  })

  it('takes what is to be included, whole folders with it', () => {
    expect([...read('', ['code', 'client.properties']).files.keys()].toSorted()).toEqual([
      'client.properties',
      'code/a.ts',
      'code/deep/b.ts',
      'orders.yaml',
    ])
  })

  it('does not ask for secrets and variables, and tells which there are', () => {
    const pipeline = read(
      `
kafka.properties.file: client.properties
kafka.security.protocol: \${env:PROTOCOL}
kafka.sasl.password: \${env:KAFKA_PASSWORD}\${ssm:/shop/password}
mask.hmac.key: '\${secretsmanager:shop/hmac}'
`,
      [],
      { PROTOCOL: 'SASL_SSL' },
    )
    expect(pipeline.variables).toEqual(['KAFKA_PASSWORD', 'KAFKA_USER', 'PROTOCOL'])
    expect(pipeline.secretVariables).toEqual(['KAFKA_PASSWORD'])
    expect(pipeline.secretReferences).toEqual(['secretsmanager:shop/hmac', 'ssm:/shop/password'])
  })

  it.each([
    ['kafka.properties.file: ../outside.properties', [], '../outside.properties is not in the folder'],
    ['kafka.properties.file: link.properties', [], 'link.properties is a link that leads out'],
    ['transforms: [./code/none.ts]', [], 'code/none.ts cannot be read'],
    ['transforms: [/tmp/none.ts]', [], 'is not in the folder'],
    ['', ['..'], 'is not in the folder'],
    ['', ['none'], 'none does not exist'],
    ['', ['linked-folder/x'], 'linked-folder/x is a link that leads out'],
  ])('refuses %s %j', (more, include, problem) => {
    symlinkSync('../outside.properties', path.join(folder, 'link.properties'))
    mkdirSync(path.join(root, 'elsewhere'))
    writeFileSync(path.join(root, 'elsewhere', 'x'), '')
    symlinkSync('../elsewhere', path.join(folder, 'linked-folder'))
    expect(() => read(more, include)).toThrow(
      expect.objectContaining({ code: 'PACKAGE_FILE', message: expect.stringContaining(problem) }),
    )
  })

  it('tells what is wrong with the file under its own name', () => {
    expect(() => read('delivery: sometimes')).toThrow(`${folder}/orders.yaml: line 6: delivery must be`)
  })
})
