import { request } from 'node:http'
import path from 'node:path'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { seededRng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import { createCredentialsCache } from '../../src/aws/credentials.ts'
import { javaCommand, startServer, stopServer, withFreePorts } from '../../src/hosts/demo/local-server.ts'
import { resolveMavenArtifacts } from '../../src/hosts/demo/maven-artifacts.ts'
import type { MavenArtifacts } from '../../src/hosts/demo/maven-artifacts.ts'
import type { OpenS3 } from '../../src/objects/s3-object-store.ts'
import { openS3ObjectStore } from '../../src/objects/s3-object-store.ts'
import type { PutObject } from './export-writer.ts'
import { temporaryFolder } from './temporary-folder.ts'

const version = '4.11.0'
const region = 'eu-west-1'
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }

/** Adobe's S3Mock in one file. 5.x refuses the SDK's multipart uploads. */
const s3Artifacts: MavenArtifacts = {
  title: `S3Mock ${version}`,
  name: `s3mock-${version}`,
  coordinates: [`com.adobe.testing:s3mock:${version}:exec`],
}

/** A running S3 with one bucket, the way to write into it, and the product's own way to read and write. */
export interface LocalS3 extends AsyncDisposable {
  readonly endpoint: string
  readonly bucket: string
  readonly put: PutObject
  readonly objects: OpenS3
}

/** Installs S3Mock if need be and starts it on free ports. Its objects are in a temporary folder, which it leaves with. */
export async function startLocalS3(bucket: string): Promise<LocalS3> {
  await using stack = new AsyncDisposableStack()
  const jars = await resolveMavenArtifacts(s3Artifacts, {
    onProgress: (line) => console.error(`test servers: ${line}`),
  })
  const folder = stack.use(await temporaryFolder())
  const endpoint = await withFreePorts(2, async ([httpPort = 0, tlsPort = 0]) => {
    const server = await startServer({
      title: s3Artifacts.title,
      command: javaCommand(),
      args: [
        '-Xmx256m',
        '-XX:+UseSerialGC',
        '-XX:TieredStopAtLevel=1',
        `-Djava.io.tmpdir=${folder.path}`,
        `-Dcom.adobe.testing.s3mock.httpPort=${httpPort}`,
        `-Dserver.port=${tlsPort}`,
        '-jar',
        path.join(jars, `s3mock-${version}-exec.jar`),
      ],
      cwd: folder.path,
      logFile: path.join(folder.path, `s3-${httpPort}.log`),
      isReady: () => listsBuckets(httpPort),
    })
    stack.defer(() => stopServer(server))
    return `http://127.0.0.1:${httpPort}`
  })
  const client = new S3Client({ region, endpoint, credentials, forcePathStyle: true })
  stack.defer(() => client.destroy())
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  const objects = stack.use(
    await openS3ObjectStore({
      clock: systemClock,
      rng: seededRng(1),
      region,
      endpoint,
      credentials: createCredentialsCache({ clock: systemClock, load: () => Promise.resolve(credentials) }),
    }),
  )
  const owned = stack.move()
  return {
    endpoint,
    bucket,
    objects,
    put: async (location, bytes) => {
      await client.send(new PutObjectCommand({ Bucket: location.bucket, Key: location.key, Body: bytes }))
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function listsBuckets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request({ host: '127.0.0.1', port, method: 'GET', path: '/', timeout: 2000 })
    call.once('error', () => resolve(false))
    call.once('timeout', () => call.destroy(new Error('no answer')))
    call.once('response', (response) => {
      response.resume().once('close', () => resolve(response.statusCode === 200))
    })
    call.end()
  })
}
