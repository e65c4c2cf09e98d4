import { describe, expect, it } from 'vitest'
import { signMskIamToken } from './msk-iam-token.ts'

const nowMs = Date.UTC(2026, 10, 23, 15, 4, 5)
const credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: 'session/token+==',
}

const sign = (overrides: object = {}) => signMskIamToken({ region: 'eu-west-1', credentials, nowMs, ...overrides })
const decode = (token: string): URL => new URL(Buffer.from(token, 'base64url').toString('utf8'))

describe('signMskIamToken', () => {
  it('is a presigned Connect request in base64url, as MSK’s own client libraries make it', async () => {
    const { token, expiresAtMs } = await sign()
    expect(token).toMatch(/^[A-Za-z0-9_-]+$/)
    const url = decode(token)
    expect(url.origin + url.pathname).toBe('https://kafka.eu-west-1.amazonaws.com/')
    expect(Object.fromEntries(url.searchParams)).toEqual({
      Action: 'kafka-cluster:Connect',
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': 'AKIDEXAMPLE/20261123/eu-west-1/kafka-cluster/aws4_request',
      'X-Amz-Date': '20261123T150405Z',
      'X-Amz-Expires': '900',
      'X-Amz-Security-Token': 'session/token+==',
      'X-Amz-SignedHeaders': 'host',
      'X-Amz-Signature': expect.stringMatching(/^[0-9a-f]{64}$/),
      'User-Agent': 'tailrace',
    })
    expect(expiresAtMs).toBe(nowMs + 900_000)
  })

  it('carries the signature that the rules of Signature Version 4 give', async () => {
    // Computed apart from this code, from the canonical request, with Python's hmac.
    const { token } = await sign()
    expect(decode(token).searchParams.get('X-Amz-Signature')).toBe(
      'ad35bb96e1f3675b0be260e3ff3f39f044e2cd6dc042367c59c234dfb71abd60',
    )
  })

  it('is the same for the same input, and another for another time, region or key', async () => {
    const first = await sign()
    expect(await sign()).toEqual(first)
    const others = await Promise.all([
      sign({ nowMs: nowMs + 1000 }),
      sign({ region: 'us-east-1' }),
      sign({ credentials: { ...credentials, secretAccessKey: 'other' } }),
    ])
    expect(new Set([first, ...others].map(({ token }) => token)).size).toBe(4)
  })

  it('expires with the credentials, and holds no secret key', async () => {
    const expiration = new Date(nowMs + 60_000)
    const { token, expiresAtMs } = await sign({ credentials: { ...credentials, expiration } })
    expect(expiresAtMs).toBe(expiration.getTime())
    expect(decode(token).href).not.toContain(encodeURIComponent(credentials.secretAccessKey))
  })

  it('leaves the session token out where there is none', async () => {
    const { token } = await sign({ credentials: { ...credentials, sessionToken: undefined } })
    expect(decode(token).searchParams.has('X-Amz-Security-Token')).toBe(false)
  })
})
