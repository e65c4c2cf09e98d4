import { describe, expect, it } from 'vitest'
import { AwsServiceError } from '../aws/aws.ts'
import type { AwsApi, AwsRequest } from '../aws/aws.ts'
import { TailraceError } from '../errors.ts'
import { fetchSecret, parseSecretReference } from './secret-services.ts'

const arn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/kafka-AbCdEf'

describe('parseSecretReference', () => {
  it.each([
    ['secretsmanager:prod/kafka', 'prod/kafka', undefined, undefined],
    ['secretsmanager:prod/kafka:password', 'prod/kafka', undefined, 'password'],
    [`secretsmanager:${arn}`, arn, 'eu-west-1', undefined],
    [`secretsmanager:${arn}:a:b`, arn, 'eu-west-1', 'a:b'],
    ['ssm:/shop/kafka', '/shop/kafka', undefined, undefined],
    ['ssm:/shop/kafka:3', '/shop/kafka:3', undefined, undefined],
    [
      'ssm:arn:aws:ssm:us-east-1:123456789012:parameter/shop/kafka',
      'arn:aws:ssm:us-east-1:123456789012:parameter/shop/kafka',
      'us-east-1',
      undefined,
    ],
  ])('%s', (text, id, region, key) => {
    expect(parseSecretReference(text)).toMatchObject({ text, id, region, key })
  })

  it.each([
    'env:A',
    'secretsmanager:',
    'ssm:',
    'secretsmanager:name:',
    'secretsmanager:arn:aws:secretsmanager:eu-west-1:123456789012:secret',
    'secretsmanager:arn:aws:ssm:eu-west-1:123456789012:secret:name',
    'ssm:arn:aws:ssm::123456789012:parameter/a',
  ])('refuses %s', (text) => {
    expect(parseSecretReference(text)).toBeUndefined()
  })
})

describe('fetchSecret', () => {
  it('asks Secrets Manager for the secret, and gives the member of the key', async () => {
    const { asked, api } = answering({ SecretString: '{"user":"u","port":9096,"password":"canary"}' })
    expect(await fetched('secretsmanager:prod/kafka:password', api)).toBe('canary')
    expect(await fetched('secretsmanager:prod/kafka:port', api)).toBe('9096')
    expect(asked[0]).toEqual({
      service: 'secretsmanager',
      action: 'GetSecretValue',
      body: { SecretId: 'prod/kafka' },
    })
  })

  it('asks Systems Manager for the decrypted parameter', async () => {
    const { asked, api } = answering({ Parameter: { Value: 'a:b' } })
    expect(await fetched('ssm:/shop/kafka:3', api)).toBe('a:b')
    expect(asked).toEqual([
      { service: 'ssm', action: 'GetParameter', body: { Name: '/shop/kafka:3', WithDecryption: true } },
    ])
  })

  it.each([
    [{ SecretString: 'canary, no JSON' }, 'the secret is no JSON'],
    [{ SecretString: '["canary"]' }, 'no such key'],
    [{ SecretString: '{"user":"canary"}' }, 'no such key'],
    [{ SecretString: '{"password":{"canary":1}}' }, 'its value is no text'],
    [{ SecretBinary: 'Y2FuYXJ5' }, 'the secret is not text'],
    [null, 'the secret is not text'],
  ])('says what is wrong with %j without quoting it', async (answer, reason) => {
    const found = await fetched('secretsmanager:prod/kafka:password', answering(answer).api)
    expect(found).toMatchObject({ reason: expect.stringContaining(reason) })
    expect(JSON.stringify(found)).not.toContain('canary')
  })

  it.each([
    [new AwsServiceError('ResourceNotFoundException', 'x', 400), 'there is no such secret'],
    [new AwsServiceError('ParameterNotFound', 'x', 400), 'there is no such secret'],
    [new AwsServiceError('DecryptionFailure', 'x', 400), 'it cannot be decrypted (DecryptionFailure)'],
    [
      new TailraceError('AWS_ACCESS_DENIED', 'Not allowed: ssm:GetParameter on /a'),
      'Not allowed: ssm:GetParameter on /a',
    ],
  ])('takes %s for an answer', async (error, reason) => {
    expect(await fetched('ssm:/a', failing(error))).toEqual({ reason: `\${ssm:/a}: ${reason}` })
  })

  it('passes on that the service cannot be asked', async () => {
    const error = new TailraceError('AWS_UNREACHABLE', 'no answer')
    await expect(fetched('ssm:/a', failing(error))).rejects.toBe(error)
  })
})

function fetched(text: string, api: AwsApi): ReturnType<typeof fetchSecret> {
  const reference = parseSecretReference(text)
  if (reference === undefined) throw new Error('no reference')
  return fetchSecret(reference, { api, signal: new AbortController().signal })
}

function answering(body: unknown): { readonly asked: AwsRequest[]; readonly api: AwsApi } {
  const asked: AwsRequest[] = []
  const exchange: AwsApi['exchange'] = (request) => {
    asked.push(request)
    return Promise.resolve({ body, bytes: 0 })
  }
  return { asked, api: { exchange, call: async (request, signal) => (await exchange(request, signal)).body } }
}

function failing(reason: Error): AwsApi {
  const fail = async (): Promise<never> => {
    throw reason
  }
  return { exchange: fail, call: fail }
}
