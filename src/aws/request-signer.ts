import { SignatureV4 } from '@smithy/signature-v4'
import type { Clock } from '../async/clock.ts'
import type { AwsPath, AwsRequest } from './aws.ts'
import type { AwsCredentials } from './credentials.ts'
import { endpointFor } from './endpoints.ts'
import type { AwsService, EndpointOptions } from './endpoints.ts'
import { NodeSha256 } from './node-sha256.ts'

/** Signs requests of one region (SigV4), and knows where they go. */
export interface RequestSigner {
  readonly endpoints: Readonly<Record<AwsService, Endpoint>>
  /** All headers of the request, `host` among them. The body must be sent as it is. */
  sign(request: AwsRequest, body: string, credentials: AwsCredentials): Promise<Record<string, string>>
  /**
   * From here on requests are dated by the server's clock, whose `Date` header this is. False if there is nothing to
   * correct: no header, or the same time as before.
   */
  adoptServerTime(date: string | undefined): boolean
}

/** Where a service's requests are posted. */
export interface Endpoint {
  readonly origin: string
  readonly host: string
  readonly path: string
}

/** What a signer needs. */
export interface SignerOptions extends EndpointOptions {
  readonly clock: Clock
  readonly userAgent?: string
}

const targetPrefixes: Readonly<Record<AwsService, string>> = {
  dynamodb: 'DynamoDB_20120810',
  streams: 'DynamoDBStreams_20120810',
  kinesis: 'Kinesis_20131202',
  glue: 'AWSGlue',
  cloudwatch: 'GraniteServiceVersion20100801',
  secretsmanager: 'secretsmanager',
  ssm: 'AmazonSSM',
  lambda: 'AWSLambda',
  tagging: 'ResourceGroupsTaggingAPI_20170126',
}

const contentTypes: Readonly<Record<AwsService, string>> = {
  dynamodb: 'application/x-amz-json-1.0',
  streams: 'application/x-amz-json-1.0',
  kinesis: 'application/x-amz-json-1.1',
  glue: 'application/x-amz-json-1.1',
  cloudwatch: 'application/x-amz-json-1.0',
  secretsmanager: 'application/x-amz-json-1.1',
  ssm: 'application/x-amz-json-1.1',
  lambda: 'application/json',
  tagging: 'application/x-amz-json-1.1',
}

/** A difference to the server's clock that is worth a correction; the `Date` header is exact to the second only. */
const minimumSkewMs = 5_000

interface SigningEndpoint extends Endpoint {
  readonly hostname: string
  readonly port: number | undefined
  readonly protocol: string
  readonly signerFor: (credentials: AwsCredentials) => SignatureV4
}

/** Makes a signer for all services. Throws CONFIG_INVALID for an unusable endpoint. */
export function createRequestSigner(options: SignerOptions): RequestSigner {
  const { clock, userAgent = 'tailrace' } = options
  const endpoints: Readonly<Record<AwsService, SigningEndpoint>> = {
    dynamodb: endpointOf('dynamodb', 'dynamodb', options),
    streams: endpointOf('streams', 'dynamodb', options),
    kinesis: endpointOf('kinesis', 'kinesis', options),
    glue: endpointOf('glue', 'glue', options),
    cloudwatch: endpointOf('cloudwatch', 'monitoring', options),
    secretsmanager: endpointOf('secretsmanager', 'secretsmanager', options),
    ssm: endpointOf('ssm', 'ssm', options),
    lambda: endpointOf('lambda', 'lambda', options),
    tagging: endpointOf('tagging', 'tagging', options),
  }
  let clockOffsetMs = 0
  return {
    endpoints,
    sign: async (request, body, credentials) => {
      const { service } = request
      const signed = await endpoints[service]
        .signerFor(credentials)
        .sign(unsigned(endpoints[service], request, body), { signingDate: new Date(clock.now() + clockOffsetMs) })
      // Not signed: proxies may rewrite them.
      signed.headers['user-agent'] = userAgent
      signed.headers['accept-encoding'] = 'identity'
      return signed.headers
    },
    adoptServerTime: (date) => {
      const offset = Date.parse(date ?? '') - clock.now()
      if (Number.isNaN(offset) || Math.abs(offset - clockOffsetMs) < minimumSkewMs) return false
      clockOffsetMs = offset
      return true
    },
  }
}

function endpointOf(service: AwsService, signingName: string, options: SignerOptions): SigningEndpoint {
  const url = endpointFor(service, options)
  return {
    origin: url.origin,
    host: url.host,
    hostname: url.hostname,
    port: url.port === '' ? undefined : Number(url.port),
    protocol: url.protocol,
    path: url.pathname,
    signerFor: signers(signingName, options.region),
  }
}

function unsigned(endpoint: SigningEndpoint, request: AwsRequest, body: string): Parameters<SignatureV4['sign']>[0] {
  const { protocol, hostname, port, path, host } = endpoint
  const place = { protocol, hostname, ...(port === undefined ? {} : { port }) }
  const { get } = request
  if (get !== undefined)
    return { method: 'GET', ...place, path: pathUnder(endpoint, get), query: { ...get.query }, headers: { host }, body }
  return {
    method: 'POST',
    ...place,
    path,
    query: {},
    headers: {
      host,
      'content-type': contentTypes[request.service],
      'x-amz-target': `${targetPrefixes[request.service]}.${request.action}`,
    },
    body,
  }
}

/** What is asked of the endpoint, query and all. */
export function targetOf(endpoint: Endpoint, { get }: AwsRequest): string {
  if (get === undefined) return endpoint.path
  const query = Object.entries(get.query).map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
  return `${pathUnder(endpoint, get)}${query.length === 0 ? '' : `?${query.join('&')}`}`
}

function pathUnder({ path }: Endpoint, get: AwsPath): string {
  return `${path.replace(/\/$/, '')}${get.path}`
}

/** As the signature has it: RFC 3986, which escapes more than JavaScript does. */
function escaped(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** One signer for as long as the credentials are the same. */
function signers(service: string, region: string): (credentials: AwsCredentials) => SignatureV4 {
  let last: { readonly credentials: AwsCredentials; readonly signer: SignatureV4 } | undefined
  return (credentials) => {
    if (last?.credentials === credentials) return last.signer
    const { accessKeyId, secretAccessKey, sessionToken } = credentials
    const signer = new SignatureV4({
      service,
      region,
      credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
      sha256: NodeSha256,
      applyChecksum: false,
    })
    last = { credentials, signer }
    return signer
  }
}
