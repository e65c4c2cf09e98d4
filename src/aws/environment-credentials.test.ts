import { describe, expect, it } from 'vitest'
import { createCredentialsLoader } from './credentials.ts'
import type { CredentialsOptions } from './credentials.ts'

const keys = { AWS_ACCESS_KEY_ID: 'AKIA1', AWS_SECRET_ACCESS_KEY: 's' }

function load(options: Partial<CredentialsOptions>): Promise<unknown> {
  return createCredentialsLoader({ region: 'eu-west-1', ...options })(false)
}

describe('credentials of the environment', () => {
  it('are taken as the SDK takes them', async () => {
    expect(await load({ env: keys })).toEqual({ accessKeyId: 'AKIA1', secretAccessKey: 's' })
    const env = { ...keys, AWS_SESSION_TOKEN: 't', AWS_CREDENTIAL_EXPIRATION: '2030-01-02T03:04:05Z' }
    expect(await load({ env })).toEqual({
      accessKeyId: 'AKIA1',
      secretAccessKey: 's',
      sessionToken: 't',
      expiration: new Date('2030-01-02T03:04:05Z'),
    })
  })

  it('stand behind an access key of the file', async () => {
    const accessKey = { accessKeyId: 'AKIA2', secretAccessKey: 'x' }
    expect(await load({ env: keys, accessKey })).toEqual(accessKey)
  })
})
