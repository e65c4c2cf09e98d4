import { request } from 'node:http'
import { expect, it } from 'vitest'
import { systemClock } from '../../src/async/system-clock.ts'
import type { JsonObject } from '../../src/aws/json-object.ts'
import { createCredentialsCache } from '../../src/aws/credentials.ts'
import { createAwsApi } from '../../src/aws/signed-request.ts'
import { listMappings } from '../../src/hosts/lambda/mappings/event-source-mapping.ts'
import { readFunctionSettings } from '../../src/hosts/lambda/mappings/function-settings.ts'
import { startLocalMoto } from '../servers/local-moto.ts'

const never = new AbortController().signal
const region = 'eu-central-1'
const streamArn = `arn:aws:kinesis:${region}:123456789012:stream/changes`

it("reads mappings and functions as somebody else's Lambda answers them", async () => {
  await using moto = await startLocalMoto()
  const ask = (path: string, body: unknown, of: Asking): Promise<JsonObject> =>
    post(`${moto.endpoint}${path}`, body, of)
  const stream = { StreamName: 'changes', ShardCount: 1 }
  await ask('/', stream, {
    service: 'kinesis',
    type: 'application/x-amz-json-1.1',
    target: 'Kinesis_20131202.CreateStream',
  })
  const role = new URLSearchParams({ Action: 'CreateRole', Version: '2010-05-08', RoleName: 'shop', ...trust })
  await ask('/', role.toString(), { service: 'iam', type: 'application/x-www-form-urlencoded' })
  const made = await ask('/2015-03-31/functions', functionToMake, { service: 'lambda' })
  const functionArn = made['FunctionArn'] as string
  await ask('/2015-03-31/event-source-mappings/', mappingOf(functionArn), { service: 'lambda' })

  const credentials = createCredentialsCache({
    clock: systemClock,
    load: () => Promise.resolve({ accessKeyId: 'local', secretAccessKey: 'local' }),
  })
  const overrides = { lambda: moto.endpoint }
  await using api = createAwsApi({ clock: systemClock, region, credentials, overrides })
  const read = {
    functionArn,
    streamArn,
    state: 'Enabled',
    startingPosition: 'TRIM_HORIZON',
    parallelizationFactor: 1,
    maximumRetryAttempts: 5,
    maximumRecordAge: -1,
    tumblingWindow: 1,
    isFiltered: true,
    reportsItemFailures: true,
  }
  expect(await listMappings(api, { functionName: functionArn }, never)).toMatchObject([read])
  expect(await listMappings(api, { streamArn }, never)).toMatchObject([read])
  expect(await listMappings(api, { functionName: 'another' }, never)).toEqual([])
  for (const name of ['shop', functionArn]) {
    expect(await readFunctionSettings(api, name, never)).toMatchObject({
      runtime: 'nodejs22.x',
      timeoutSeconds: 60,
      memoryMegabytes: 512,
      vpcId: undefined,
    })
  }
  await expect(readFunctionSettings(api, 'nobody', never)).rejects.toMatchObject({ code: 'LAMBDA_FUNCTION_UNKNOWN' })
})

const trust = {
  AssumeRolePolicyDocument: JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  }),
}

const functionToMake = {
  FunctionName: 'shop',
  Runtime: 'nodejs22.x',
  Role: 'arn:aws:iam::123456789012:role/shop',
  Handler: 'index.handler',
  Timeout: 60,
  MemorySize: 512,
  Code: { ZipFile: 'UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==' },
}

function mappingOf(FunctionName: string): JsonObject {
  return {
    FunctionName,
    EventSourceArn: streamArn,
    StartingPosition: 'TRIM_HORIZON',
    MaximumRetryAttempts: 5,
    TumblingWindowInSeconds: 1,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    FilterCriteria: { Filters: [{ Pattern: '{"eventName":["INSERT"]}' }] },
  }
}

interface Asking {
  readonly service: string
  readonly target?: string
  readonly type?: string
}

/** moto reads region and service out of the signature, and looks at nothing else of it. */
function post(url: string, body: unknown, { service, target, type = 'application/json' }: Asking): Promise<JsonObject> {
  const headers = {
    authorization: `AWS4-HMAC-SHA256 Credential=local/20261101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
    'content-type': type,
    ...(target === undefined ? {} : { 'x-amz-target': target }),
  }
  return new Promise((resolve, reject) => {
    const call = request(url, { method: 'POST', headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        if ((response.statusCode ?? 500) >= 300) reject(new Error(`${service} ${url}: ${response.statusCode} ${text}`))
        else resolve(text.startsWith('{') ? (JSON.parse(text) as JsonObject) : {})
      })
    })
    call.once('error', reject)
    call.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
}
