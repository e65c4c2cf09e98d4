import { describe, expect, it } from 'vitest'
import { createCredentialsLoader } from '../aws/credentials.ts'
import { Secret } from '../config/secret.ts'
import { credentialsOf } from './aws-access-of.ts'

const region = 'eu-west-1'

describe('credentialsOf', () => {
  it('asks the provider chain where the file has no access key', () => {
    expect(credentialsOf({ region, accessKey: undefined, role: undefined })).toEqual({ region })
  })

  it('gives out the access key of the file, also after it was refused', async () => {
    const accessKey = { id: new Secret('AKIA1'), secret: new Secret('s'), sessionToken: new Secret('t') }
    const load = createCredentialsLoader(credentialsOf({ region, accessKey, role: undefined }))
    const expected = { accessKeyId: 'AKIA1', secretAccessKey: 's', sessionToken: 't' }
    expect(await load(false)).toEqual(expected)
    expect(await load(true)).toEqual(expected)
  })

  it('assumes the role with whatever credentials there are', () => {
    const role = { arn: 'arn:aws:iam::123456789012:role/r', externalId: 'x', sessionName: 'tailrace-shop' }
    const accessKey = { id: new Secret('AKIA1'), secret: new Secret('s'), sessionToken: undefined }
    expect(credentialsOf({ region, accessKey, role })).toEqual({
      region,
      accessKey: { accessKeyId: 'AKIA1', secretAccessKey: 's' },
      assumeRole: { roleArn: role.arn, sessionName: 'tailrace-shop', externalId: 'x' },
    })
  })
})
