import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import path from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { systemClock } from '../../src/async/system-clock.ts'
import { createCredentialsCache, createCredentialsLoader } from '../../src/aws/credentials.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'

const never = new AbortController().signal
const variables = [
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_CONFIG_FILE',
  'AWS_ENDPOINT_URL_STS',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_PROFILE',
]
const before = Object.fromEntries(variables.map((name) => [name, process.env[name]]))

afterEach(() => {
  for (const name of variables) {
    if (before[name] === undefined) delete process.env[name]
    else process.env[name] = before[name]
  }
})

it('keys that were changed in the profile are read again after a refusal, and not before', async () => {
  await using folder = await temporaryFolder()
  const file = path.join(folder.path, 'credentials')
  const write = (key: string): Promise<void> =>
    writeFile(file, `[reader]\naws_access_key_id = ${key}\naws_secret_access_key = x\n`)
  for (const name of variables) delete process.env[name]
  process.env['AWS_SHARED_CREDENTIALS_FILE'] = file
  process.env['AWS_CONFIG_FILE'] = file

  await write('first')
  const env = { AWS_ACCESS_KEY_ID: 'passed over', AWS_SECRET_ACCESS_KEY: 'x' }
  const load = createCredentialsLoader({ region: 'eu-central-1', profile: 'reader', env })
  expect((await load(false)).accessKeyId).toBe('first')
  await write('second')
  expect((await load(false)).accessKeyId).toBe('first')
  expect((await load(true)).accessKeyId).toBe('second')
  await write('third')
  expect((await load(true)).accessKeyId).toBe('third')
})

it('a role is assumed with its external id, and a refusal names the action', async () => {
  const forms: URLSearchParams[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      forms.push(new URLSearchParams(Buffer.concat(chunks).toString()))
      const isFirst = forms.length === 1
      response.writeHead(isFirst ? 200 : 403, { 'content-type': 'text/xml' })
      response.end(isFirst ? assumed : denied)
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  try {
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    process.env['AWS_ENDPOINT_URL_STS'] = `http://127.0.0.1:${address.port}`
    process.env['AWS_ACCESS_KEY_ID'] = 'base'
    process.env['AWS_SECRET_ACCESS_KEY'] = 'x'
    const roleArn = 'arn:aws:iam::123456789012:role/reader'
    const load = createCredentialsLoader({
      region: 'eu-central-1',
      assumeRole: { roleArn, externalId: 'external-7', sessionName: 'tests' },
    })
    const cache = createCredentialsCache({ clock: systemClock, load, roleArn })
    expect(await cache.get(never)).toMatchObject({ accessKeyId: 'ASIATEST', sessionToken: 'session-token' })
    expect(Object.fromEntries(forms[0] ?? [])).toMatchObject({
      Action: 'AssumeRole',
      RoleArn: roleArn,
      ExternalId: 'external-7',
      RoleSessionName: 'tests',
    })
    await expect(createCredentialsCache({ clock: systemClock, load, roleArn }).get(never)).rejects.toMatchObject({
      code: 'AWS_ACCESS_DENIED',
      message: `Not allowed: sts:AssumeRole on ${roleArn}`,
    })
  } finally {
    server.close()
    server.closeAllConnections()
  }
})

const assumed = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/reader/tests</Arn><AssumedRoleId>AROA:tests</AssumedRoleId></AssumedRoleUser>
<Credentials><AccessKeyId>ASIATEST</AccessKeyId><SecretAccessKey>y</SecretAccessKey><SessionToken>session-token</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`

const denied = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code>
<Message>not authorized to perform: sts:AssumeRole</Message></Error><RequestId>r</RequestId></ErrorResponse>`
