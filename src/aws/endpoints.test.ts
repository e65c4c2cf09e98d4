import { describe, expect, it } from 'vitest'
import { endpointFor } from './endpoints.ts'

describe('endpointFor', () => {
  it.each([
    ['dynamodb', 'eu-central-1', 'https://dynamodb.eu-central-1.amazonaws.com/'],
    ['streams', 'eu-central-1', 'https://streams.dynamodb.eu-central-1.amazonaws.com/'],
    ['kinesis', 'us-east-1', 'https://kinesis.us-east-1.amazonaws.com/'],
    ['streams', 'cn-north-1', 'https://streams.dynamodb.cn-north-1.amazonaws.com.cn/'],
    ['dynamodb', 'us-gov-west-1', 'https://dynamodb.us-gov-west-1.amazonaws.com/'],
    ['dynamodb', 'us-iso-east-1', 'https://dynamodb.us-iso-east-1.c2s.ic.gov/'],
    ['dynamodb', 'us-isob-east-1', 'https://dynamodb.us-isob-east-1.sc2s.sgov.gov/'],
    ['dynamodb', 'eusc-de-east-1', 'https://dynamodb.eusc-de-east-1.amazonaws.eu/'],
  ] as const)('%s in %s', (service, region, expected) => {
    expect(endpointFor(service, { region }).href).toBe(expected)
  })

  it('an override wins over the service variable, which wins over the general one', () => {
    const env = {
      AWS_ENDPOINT_URL: 'http://general:1',
      AWS_ENDPOINT_URL_DYNAMODB: 'http://tables:2',
      AWS_ENDPOINT_URL_DYNAMODB_STREAMS: 'http://streams:3/path',
    }
    const region = 'eu-west-1'
    expect(endpointFor('kinesis', { region, env }).href).toBe('http://general:1/')
    expect(endpointFor('dynamodb', { region, env }).href).toBe('http://tables:2/')
    expect(endpointFor('streams', { region, env }).href).toBe('http://streams:3/path')
    expect(endpointFor('streams', { region, env, overrides: { streams: 'http://mine:4' } }).href).toBe('http://mine:4/')
  })

  it('ignores the environment when told so, as the SDK does', () => {
    const env = { AWS_ENDPOINT_URL: 'http://general:1', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' }
    expect(endpointFor('dynamodb', { region: 'eu-west-1', env }).host).toBe('dynamodb.eu-west-1.amazonaws.com')
  })

  it('refuses what is no URL without showing it', () => {
    for (const text of ['nonsense', 'ftp://user:secret@host', 'http://host/?secret=1']) {
      const attempt = (): URL => endpointFor('dynamodb', { region: 'eu-west-1', env: { AWS_ENDPOINT_URL: text } })
      expect(attempt).toThrow('AWS_ENDPOINT_URL is not an http or https URL')
    }
  })
})
