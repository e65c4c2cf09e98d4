import { createCredentialsCache } from '../../src/aws/credentials.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import { createAwsApi } from '../../src/aws/signed-request.ts'
import type { AwsApi } from '../../src/aws/aws.ts'
import type { AwsApiOptions } from '../../src/aws/signed-request.ts'
import { startLocalKinesis } from '../../src/hosts/demo/local-kinesis.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A Kinesis of a test's own, and the product's own client for it. */
export interface KinesisUnderTest extends AsyncDisposable {
  /** For `AWS_ENDPOINT_URL_KINESIS` or `source.kinesis.endpoint`. */
  readonly endpoint: string
  /** Over TLS, with a certificate that nobody signed. */
  readonly tlsEndpoint: string
  readonly api: AwsApi
}

/** Starts one in a temporary folder: a second, and 230 MB. Only for tests that need it. */
export async function startKinesisUnderTest(): Promise<KinesisUnderTest> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryFolder())
  const kinesis = stack.use(await startLocalKinesis({ directory: folder.path }))
  const api = stack.use(connectToKinesis(kinesis.endpoint))
  const owned = stack.move()
  return {
    endpoint: kinesis.endpoint,
    tlsEndpoint: kinesis.tlsEndpoint,
    api,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Account and region of what `connectToKinesis` makes: the access key is the account, as kinesis-local has it. */
export const kinesisAccount = '123456789012'
export const kinesisRegion = 'eu-central-1'

/** The product's own AWS client against a local Kinesis. */
export function connectToKinesis(endpoint: string, options?: Partial<AwsApiOptions>): AwsApi & AsyncDisposable {
  const clock = options?.clock ?? systemClock
  return createAwsApi({
    clock,
    region: kinesisRegion,
    overrides: { kinesis: endpoint },
    credentials: createCredentialsCache({
      clock,
      load: () => Promise.resolve({ accessKeyId: kinesisAccount, secretAccessKey: 'local' }),
    }),
    ...options,
  })
}
