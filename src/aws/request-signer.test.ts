import { expect, it } from 'vitest'
import type { AwsPath } from './aws.ts'
import { createRequestSigner, targetOf } from './request-signer.ts'

const clock = { now: () => Date.UTC(2026, 10, 1, 8), monotonic: () => 0, sleep: () => Promise.resolve() }
const functionArn = 'arn:aws:lambda:eu-west-1:123456789012:function:shop:live'

// The signatures are botocore's, of the same targets at the same time.
it.each<readonly [string, AwsPath, string, string]>([
  [
    'a query',
    {
      path: '/2015-03-31/event-source-mappings',
      query: { FunctionName: functionArn, Marker: "a+b/c=='(x)* y" },
    },
    '/2015-03-31/event-source-mappings?FunctionName=arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Ashop%3Alive&Marker=a%2Bb%2Fc%3D%3D%27%28x%29%2A%20y',
    '0b20dfdd9a97b77bb6fa47cf6b7ace7742dcb3fcb1fe39682d0f289f81b35591',
  ],
  [
    'a path that is encoded',
    { path: `/2015-03-31/functions/${encodeURIComponent(functionArn)}/configuration`, query: {} },
    '/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Ashop%3Alive/configuration',
    'e9e710d48688c9087b4dfb03ae49c7508bb680b21606af3ddc9070cea2bf577b',
  ],
])('signs a GET with %s as AWS expects it', async (_, get, target, signature) => {
  const signer = createRequestSigner({ region: 'eu-west-1', clock, overrides: { lambda: 'http://localhost:1234/' } })
  const request = { service: 'lambda', action: 'Ask', body: {}, get } as const
  expect(targetOf(signer.endpoints.lambda, request)).toBe(target)
  const headers = await signer.sign(request, '', { accessKeyId: 'local', secretAccessKey: 'secret' })
  expect(headers['authorization']).toBe(
    `AWS4-HMAC-SHA256 Credential=local/20261101/eu-west-1/lambda/aws4_request, SignedHeaders=host;x-amz-date, Signature=${signature}`,
  )
})

it('asks below the path of an endpoint', () => {
  const signer = createRequestSigner({
    region: 'eu-west-1',
    clock,
    overrides: { lambda: 'http://localhost:1234/aws/' },
  })
  const request = { service: 'lambda', action: 'Ask', body: {}, get: { path: '/x', query: {} } } as const
  expect(targetOf(signer.endpoints.lambda, request)).toBe('/aws/x')
})
