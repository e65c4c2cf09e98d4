import { describe, expect, it } from 'vitest'
import { createCredentialsLoader } from '../aws/credentials.ts'
import { Secret } from '../config/secret.ts'
import { minimalDefaults } from '../../test/fixtures/minimal-defaults.ts'
import { configOfAccount } from './accounts-of.ts'
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

describe('configOfAccount', () => {
  it('is the configuration with the region, the role and the tables of one entry', () => {
    const role = { arn: 'arn:aws:iam::222222222222:role/r', externalId: undefined, sessionName: 's' }
    const arn = 'arn:aws:dynamodb:us-east-1:222222222222:table/t'
    const { source } = minimalDefaults
    if (source.type === 'kinesis') throw new Error('of tables')
    const accounts = [
      { region, role: undefined },
      { region: 'us-east-1', role },
    ]
    const config = { ...source, tables: ['orders', arn], accounts }
    const [home, away] = accounts.map((account) => configOfAccount(config, account))
    expect(home).toEqual({ ...source, region, role: undefined, tables: ['orders'] })
    expect(away).toEqual({ ...source, region: 'us-east-1', role, tables: ['orders', arn] })
  })
})
