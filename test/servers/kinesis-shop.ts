import { randomUUID } from 'node:crypto'
import type { AwsApi } from '../../src/aws/aws.ts'
import { kinesisChange } from '../../src/hosts/demo/kinesis-change.ts'
import { openCli } from './cli-under-test.ts'
import type { CliUnderTest } from './cli-under-test.ts'
import { putKinesisRecords } from './kinesis-commands.ts'
import type { KinesisPlace } from './kinesis-commands.ts'
import { outputOf } from './pipeline-under-test.ts'
import type { OutputRecord } from './pipeline-under-test.ts'

/** A pipeline over a Kinesis stream that holds changes of `orders`, and a real broker, for tests of commands. */
export interface KinesisShop extends AsyncDisposable {
  readonly cli: CliUnderTest
  readonly pipeline: string
  /** The topic of `orders`. */
  readonly topic: string
  /** The pipeline file, with further lines; writes it anew. Without words about repair first changes wait for nothing. */
  file(more?: string): string
  /** Puts inserts of the items `i<from>` … of a table. */
  fill(from: number, count: number, table?: string): Promise<readonly KinesisPlace[]>
  /** Puts bytes as they are. */
  put(data: string | Buffer, partitionKey?: string): Promise<KinesisPlace>
  /** Waits until so many changes are in the topic. */
  delivered(changes: number, topic?: string): Promise<readonly OutputRecord[]>
  /** Runs a worker until so many changes are in the topic, then stops it in order; its exit code. */
  runUntil(changes: number, file: string): Promise<number>
}

/** What such a pipeline reads. The stream must be there. */
export interface KinesisShopOptions {
  readonly bootstrapServers: string
  readonly endpoint: string
  readonly api: AwsApi
  readonly stream: string
  readonly env?: Readonly<Record<string, string>>
}

/** Opens a command line in a folder of its own; needs neither server yet. */
export function openKinesisShop(options: KinesisShopOptions): KinesisShop {
  const { bootstrapServers, endpoint, api, stream } = options
  const cli = openCli(options.env)
  const pipeline = `kinesis-${randomUUID().slice(0, 8)}`
  const topic = `${pipeline}.orders`
  const put = async (data: string | Buffer, partitionKey = 'p'): Promise<KinesisPlace> => {
    const [place] = await putKinesisRecords(api, stream, [{ partitionKey, data: Buffer.from(data) }])
    if (place === undefined) throw new Error('nothing was put')
    return place
  }
  const delivered = (changes: number, of = topic): Promise<readonly OutputRecord[]> =>
    outputOf(bootstrapServers, of, changes)
  return {
    cli,
    pipeline,
    topic,
    file: (more = '') =>
      cli.file(
        'pipeline.yaml',
        `
pipeline: ${pipeline}
lanes: 3
http.listen: off
poll.idle.max.ms: 200
source.type: kinesis
source.region: eu-central-1
source.kinesis.stream: ${stream}
source.kinesis.endpoint: ${endpoint}
${more.includes('source.kinesis.re') ? '' : 'source.kinesis.repair.delay.ms: 0'}
kafka.bootstrap.servers: ${bootstrapServers}
topic.partitions: 2
${more}
`,
      ),
    fill: (from, count, table = 'orders') =>
      putKinesisRecords(
        api,
        stream,
        Array.from({ length: count }, (_, at) => insertOf({ table, id: `i${from + at}` })),
      ),
    put,
    delivered,
    runUntil: async (changes, file) => {
      const worker = cli.start(['run', file])
      try {
        await delivered(changes)
      } finally {
        await worker.interrupt()
      }
      return (await worker.ended).exitCode
    },
    [Symbol.asyncDispose]: async () => cli[Symbol.dispose](),
  }
}

/** An insert as DynamoDB puts it into Kinesis; changes of its record may be given. */
export function insertOf({
  table,
  id,
  atMs = Date.now(),
  extra = {},
}: {
  readonly table: string
  readonly id: string
  readonly atMs?: number
  readonly extra?: Readonly<Record<string, unknown>>
}): { readonly partitionKey: string; readonly data: Buffer } {
  const record = {
    awsRegion: 'eu-central-1',
    eventID: randomUUID(),
    eventName: 'INSERT',
    dynamodb: { Keys: { id: { S: id } }, NewImage: { id: { S: id }, n: { N: '1' }, ...extra }, SizeBytes: 10 },
  }
  return kinesisChange(record, { tableName: table, createdAtMicros: atMs * 1000, precision: 'MILLISECOND' })
}
