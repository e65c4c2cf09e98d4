import { createServer, request as openRequest } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { gunzipSync } from 'node:zlib'
import type { Item } from '../../src/change/attribute-value.ts'
import type { Table } from '../../src/change/table.ts'
import { writeExport } from './export-writer.ts'
import type { ExportPlan, PutObject } from './export-writer.ts'

/** DynamoDB Local, which has no exports, behind a front that has. */
export interface ExportFront extends AsyncDisposable {
  readonly endpoint: string
  /** Exports that were asked for, in order. */
  readonly requests: readonly Readonly<Record<string, unknown>>[]
}

/** What exports are made of. */
export interface ExportFrontOptions {
  /** Of DynamoDB Local. */
  readonly endpoint: string
  readonly put: PutObject
  readonly table: () => Promise<Table>
  /** What the table holds now: the export tells it as of the time that was asked for. */
  readonly contents: () => Promise<readonly Item[]>
  /** What an increment says; by default nothing has changed. */
  readonly changes?: Extract<ExportPlan['content'], { readonly kind: 'incremental' }>['files']
  /** May spoil what is written. */
  readonly spoil?: (number: number) => Promise<void>
}

/**
 * Answers ExportTableToPointInTime, DescribeExport and DescribeContinuousBackups in AWS's shapes, and writes the files in its
 * layout; everything else goes to DynamoDB Local as it came.
 */
export async function startExportFront(options: ExportFrontOptions): Promise<ExportFront> {
  const requests: Readonly<Record<string, unknown>>[] = []
  const statuses = new Map<string, Readonly<Record<string, unknown>>>()
  const exportTable = async (body: Readonly<Record<string, unknown>>): Promise<unknown> => {
    requests.push(body)
    const { arn, id } = await options.table()
    const { S3Bucket: bucket, S3Prefix: prefix } = body
    if (typeof bucket !== 'string') throw new Error('an export without a bucket')
    const exportId = `${String(Date.now()).padStart(14, '0')}-${String(requests.length).padStart(8, '0')}`
    const written = await writeExport(options.put, {
      bucket,
      ...(typeof prefix === 'string' ? { prefix: `${prefix}/` } : {}),
      exportId,
      tableArn: arn,
      tableId: id,
      format: body['ExportFormat'] === 'ION' ? 'ION' : 'DYNAMODB_JSON',
      content: await contentOf(body, options),
    })
    await options.spoil?.(requests.length)
    const description = { ExportArn: written.exportArn, S3Bucket: bucket, ExportManifest: written.manifest.key }
    statuses.set(written.exportArn, { ...description, ExportStatus: 'COMPLETED' })
    return { ExportDescription: { ...description, ExportStatus: 'IN_PROGRESS' } }
  }
  const answer = async (action: string, body: Readonly<Record<string, unknown>>): Promise<unknown> => {
    switch (action) {
      case 'ExportTableToPointInTime':
        return await exportTable(body)
      case 'DescribeExport':
        return { ExportDescription: [...statuses.values()].find(({ ExportArn: arn }) => arn === body['ExportArn']) }
      case 'DescribeContinuousBackups':
        return {
          ContinuousBackupsDescription: { PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'ENABLED' } },
        }
      default:
        return undefined
    }
  }
  const server = createServer((incoming, outgoing) => {
    void handle(incoming, outgoing, { endpoint: options.endpoint, answer })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the front has no port')
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
    },
  }
}

async function contentOf(
  body: Readonly<Record<string, unknown>>,
  { contents, changes }: ExportFrontOptions,
): Promise<ExportPlan['content']> {
  const window = body['IncrementalExportSpecification'] as Readonly<Record<string, number>> | undefined
  if (window === undefined) {
    const items = await contents()
    const half = Math.ceil(items.length / 2)
    const files = [items.slice(0, half), [], items.slice(half)]
    return { kind: 'full', timeMs: Number(body['ExportTime']) * 1000, files }
  }
  const [fromMs, toMs] = [Number(window['ExportFromTime']) * 1000, Number(window['ExportToTime']) * 1000]
  return { kind: 'incremental', fromMs, toMs, files: changes ?? [[]] }
}

async function handle(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  parts: {
    readonly endpoint: string
    readonly answer: (action: string, body: Readonly<Record<string, unknown>>) => Promise<unknown>
  },
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const bytes = Buffer.concat(chunks)
  const target = incoming.headers['x-amz-target']
  const action = typeof target === 'string' ? (target.split('.').at(-1) ?? '') : ''
  const text = incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes
  const body = text.length === 0 ? {} : (JSON.parse(text.toString()) as Readonly<Record<string, unknown>>)
  const own = await parts.answer(action, body)
  if (own !== undefined) {
    outgoing.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(own))
    return
  }
  const forward = openRequest(
    new URL(incoming.url ?? '/', parts.endpoint),
    { method: incoming.method, headers: { ...incoming.headers, host: new URL(parts.endpoint).host } },
    (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers)
      response.pipe(outgoing)
    },
  )
  forward.once('error', () => outgoing.destroy())
  outgoing.once('close', () => forward.destroy())
  forward.end(bytes)
}
