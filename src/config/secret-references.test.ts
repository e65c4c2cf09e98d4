import { describe, expect, it } from 'vitest'
import { loadConfig, secretReferences } from './load-config.ts'
import type { ConfigInput } from './load-config.ts'

const text = `
pipeline: shop
source: { region: eu-west-1, tables: [orders] }
secrets.allow: ['ssm:/shop/*', 'secretsmanager:shop']
kafka:
  properties.file: client.properties
  sasl.username: \${ssm:/shop/user}
  sasl.password: \${ssm:/other/password}
transforms: [route]
transforms.route: { type: RegexRouter, regex: '(.*)', replacement: '\${topic}' }
`

function input(changed = text): ConfigInput {
  const readFile = (path: string): Uint8Array => {
    if (path !== '/pipelines/client.properties') throw new Error('no such file')
    return Buffer.from(
      'bootstrap.servers=${secretsmanager:shop:brokers}\nsasl.mechanism=PLAIN\nsecurity.protocol=SASL_SSL\n',
    )
  }
  return { text: changed, path: '/pipelines/pipeline.yaml', env: {}, readFile, realPath: (path) => path }
}

describe('secretReferences', () => {
  it('finds those of the file and of the Kafka properties that it names, if they are allowed', () => {
    const { references, region } = secretReferences(input())
    expect([...references].toSorted()).toEqual(['secretsmanager:shop:brokers', 'ssm:/shop/user'])
    expect(region).toBe('eu-west-1')
  })

  it('finds none, and no fault, in a file that says nothing right', () => {
    expect(secretReferences(input('sorce: { region: 7 }'))).toEqual({ references: new Set(), region: undefined })
  })

  it('finds what loadConfig asks for', () => {
    const { references } = secretReferences(input())
    const asked = new Set<string>()
    const secretOf = (reference: string): string => {
      asked.add(reference)
      return 'shop:9092'
    }
    loadConfig({ ...input(text.replace('/other/', '/shop/')), secretOf })
    expect([...asked].toSorted()).toEqual([...references, 'ssm:/shop/password'].toSorted())
  })
})
