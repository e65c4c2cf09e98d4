import type { AwsApi, AwsRequest } from '../../aws/aws.ts'
import { AwsServiceError } from '../../aws/aws.ts'
import { isJsonObject } from '../../aws/json-object.ts'
import { retryForever } from '../../aws/retry-forever.ts'
import type { Table } from '../../change/table.ts'
import type { SnapshotConfig } from '../../config/pipeline-config.ts'
import type { SourceConfig } from '../../config/source-config.ts'
import type { ErrorCode } from '../../error-catalogue.ts'
import { TailraceError } from '../../errors.ts'
import type { SourceEvent } from '../../sources/source-event.ts'
import { readStreamDescription } from '../../sources/dynamodb-streams/stream-description.ts'
import { isNamePattern } from '../../change/name-pattern.ts'
import type { Source } from '../../sources/source.ts'
import { requestedName } from '../../sources/table-names.ts'
import { counted } from '../counted.ts'
import { configOfAccount } from '../accounts-of.ts'
import { openSource } from '../source-of.ts'
import { mergedReports, nothingFound } from './account-reports.ts'
import { failed, passed, warning } from './finding.ts'
import { checkKinesis } from './kinesis-checks.ts'
import type { Finding, SourceReport } from './finding.ts'
import { ask } from './preflight-parts.ts'
import type { PreflightParts } from './preflight-parts.ts'

/** Errors that do not pass by waiting a little. */
const hopeless: readonly ErrorCode[] = ['AWS_ACCESS_DENIED', 'AWS_CREDENTIALS', 'AWS_KEY_UNUSABLE']
/** Errors that every further request would meet, too. */
const universal: ReadonlySet<ErrorCode> = new Set([
  'AWS_CREDENTIALS',
  'AWS_UNREACHABLE',
  'AWS_THROTTLED',
  'AWS_RESPONSE',
])
const tablesAtOnce = 8
/** An account may have thousands of tables to be listed and looked at. */
const listingPatienceMs = 120_000

/** Asks AWS everything that a worker will ask, once, and reports each thing that it would not get. Reads no change. */
export async function checkSource(
  config: SourceConfig,
  snapshot: Pick<SnapshotConfig, 'mode' | 'exports' | 'skipsContained'>,
  parts: PreflightParts,
): Promise<SourceReport> {
  if (config.type === 'kinesis') return checkKinesis(config, parts)
  if (config.accounts.length > 0) {
    const each = config.accounts.map((account) => configOfAccount(config, account))
    const reports: SourceReport[] = []
    for (const one of each) reports.push(await checkSource(one, snapshot, parts))
    return mergedReports(each.map(({ tables }, index) => ({ tables, report: reports[index] ?? nothingFound })))
  }
  let lastFailure: TailraceError | undefined
  const skipped: Finding[] = []
  const onEvent = (event: SourceEvent): void => {
    if (event.kind === 'throttled') lastFailure = new TailraceError('AWS_THROTTLED', `${event.action} is throttled`)
    if (event.kind === 'retried') lastFailure = new TailraceError(event.code, event.message)
    if (event.kind === 'table-skipped') skipped.push(skippedTable(event.table, event.code))
  }
  const { clock, rng, env } = parts
  const open = (tables: readonly string[]): ReturnType<typeof openSource> =>
    openSource({ ...config, tables }, { clock, rng, env, giveUpOn: hopeless, onEvent })
  await using owned = open(config.tables)
  const access: SourceAccess = {
    ...owned,
    region: config.region,
    hasTags: config.tags.length > 0,
    scans: snapshot.mode !== 'never',
    exports: snapshot.mode !== 'never' && snapshot.exports !== undefined,
    skipsContained: snapshot.skipsContained,
    parts,
    attempt: (question, ms = 6000) => {
      const silence = new TailraceError('AWS_UNREACHABLE', `AWS did not answer within ${ms} ms`)
      return ask(parts, question, { ms, onTimeout: () => lastFailure ?? silence })
    },
    listPattern: async (pattern, signal) => {
      await using one = open([pattern])
      const findings: Finding[] = []
      const unmatched = (error: TailraceError): void => void findings.push(nothingYet(pattern, error))
      return { tables: await one.source.findTables(signal, { unmatched }), findings }
    },
  }
  const report = await checkTables(config.tables, access)
  return { findings: [...report.findings, ...skipped], tables: report.tables }
}

interface SourceAccess {
  readonly source: Source
  readonly api: AwsApi
  readonly region: string
  /** A table's name alone does not say that it is meant. */
  readonly hasTags: boolean
  /** Tables will be scanned. */
  readonly scans: boolean
  /** They will be exported first. */
  readonly exports: boolean
  readonly skipsContained: boolean
  readonly parts: PreflightParts
  /** One question with a few repetitions; rejects with the last failure when it has taken too long. */
  readonly attempt: <T>(question: (signal: AbortSignal) => Promise<T>, patienceMs?: number) => Promise<T>
  /** What a pattern, or a name where tags are wanted, means now. */
  readonly listPattern: (pattern: string, signal: AbortSignal) => Promise<SourceReport>
}

async function checkTables(selections: readonly string[], access: SourceAccess): Promise<SourceReport> {
  const findings: Finding[] = []
  const tables = new Map<string, Table>()
  // The first one alone: without credentials, or without a network, one finding says it all.
  const batches = [selections.slice(0, 1), ...chunks(selections.slice(1))]
  for (const batch of batches) {
    const reports = await Promise.all(batch.map((selection) => findSelection(selection, access)))
    for (const report of reports) {
      findings.push(...report.findings)
      for (const table of report.tables) tables.set(table.arn, table)
    }
    if (findings.some(({ code }) => code !== undefined && universal.has(code))) return { findings, tables: [] }
  }
  for (const batch of chunks([...tables.values()]))
    findings.push(...(await Promise.all(batch.map((table) => checkReading(table, access)))).flat())
  return { findings, tables: [...tables.values()] }
}

async function findSelection(selection: string, access: SourceAccess): Promise<SourceReport> {
  const { source, attempt } = access
  try {
    const { tables, findings } =
      access.hasTags || isNamePattern(selection)
        ? await attempt((signal) => access.listPattern(selection, signal), listingPatienceMs)
        : { tables: [await attempt((signal) => source.describeTable(selection, signal))], findings: [] }
    return { findings: [...findings, ...tables.flatMap((table) => checkRegion(table, access.region))], tables }
  } catch (error) {
    return { findings: [{ ...failed(`table ${selection}`, error), table: selection }], tables: [] }
  }
}

/** An endpoint of another region answers as willingly; DynamoDB Local's tables are in no region of the real world. */
function checkRegion({ arn, name, region }: Table, expected: string): readonly Finding[] {
  if (region === expected || region === 'ddblocal') return []
  const error = new TailraceError('AWS_REGION', `table ${name} is in ${region}, source.region says ${expected}`)
  return [{ ...failed(`table ${name}`, error), table: arn }]
}

/** DescribeStream, GetShardIterator, GetRecords and Scan, each on its own: one missing permission does not hide the next. */
async function checkReading(table: Table, access: SourceAccess): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  const attempt = async <T>(action: string, question: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> => {
    try {
      return await access.attempt(question)
    } catch (error) {
      // A shard that is gone, or was never there: the action is allowed, and that was the question.
      if (error instanceof AwsServiceError) return undefined
      findings.push({ ...failed(`table ${table.name}: ${action}`, error), table: table.arn })
      return undefined
    }
  }
  // One page: it is about the permission, and a long listing takes minutes of the fleet's budget.
  const page = await attempt('DescribeStream', async (signal) =>
    readStreamDescription(await send(access, 'DescribeStream', { StreamArn: table.streamArn, Limit: 100 }, signal)),
  )
  const ShardId = page?.shards.at(-1)?.shardId ?? 'shardId-00000000000000000000-00000000'
  const answer = await attempt('GetShardIterator', (signal) =>
    send(access, 'GetShardIterator', { StreamArn: table.streamArn, ShardId, ShardIteratorType: 'LATEST' }, signal),
  )
  const iterator = isJsonObject(answer) ? answer['ShardIterator'] : undefined
  if (typeof iterator === 'string')
    await attempt('GetRecords', (signal) => send(access, 'GetRecords', { ShardIterator: iterator, Limit: 1 }, signal))
  if (access.scans) findings.push(...(await checkScan(table, access)), ...checkImages(table, access))
  if (access.exports) findings.push(...(await checkRecovery(table, access)))
  if (findings.length > 0) return findings
  const known = counted(page?.shards.length ?? 0, 'shard')
  const shards = page?.nextShardId === undefined ? known : `more than ${known}`
  return [
    { ...passed(`table ${table.name}`, `${table.viewType}, ${shards}, ${table.streamArn}`), table: table.arn },
    ...(table.viewType === 'NEW_IMAGE' ? [withoutOldImage(table)] : []),
  ]
}

/** One item, or none: it is about the permission. */
async function checkScan(table: Table, { source, attempt }: SourceAccess): Promise<readonly Finding[]> {
  const position = { table, segment: 0, totalSegments: 1, afterKey: undefined, limit: 1 }
  try {
    await attempt((signal) => source.scanPage(position, signal))
    return []
  } catch (error) {
    return [{ ...failed(`table ${table.name}: Scan`, error), table: table.arn, isAboutSnapshot: true }]
  }
}

/** Only a table with point-in-time recovery can be exported. */
async function checkRecovery(table: Table, access: SourceAccess): Promise<readonly Finding[]> {
  const { attempt, api, parts } = access
  const name = `table ${table.name}: point-in-time recovery`
  const body = { TableName: requestedName(table.arn) }
  const request = { service: 'dynamodb', action: 'DescribeContinuousBackups', body } as const
  try {
    const answer = await attempt((signal) =>
      retryForever({ ...patience, clock: parts.clock, rng: parts.rng }, () => api.call(request, signal), signal),
    )
    if (recoveryOf(answer) === 'ENABLED') return []
    const error = new TailraceError('EXPORT_REFUSED', `point-in-time recovery of table ${table.name} is not enabled`)
    return [{ ...failed(name, error), table: table.arn, isAboutSnapshot: true }]
  } catch (error) {
    return [{ ...failed(name, error), table: table.arn, isAboutSnapshot: true }]
  }
}

function recoveryOf(answer: unknown): unknown {
  const backups = isJsonObject(answer) ? answer['ContinuousBackupsDescription'] : undefined
  const recovery = isJsonObject(backups) ? backups['PointInTimeRecoveryDescription'] : undefined
  return isJsonObject(recovery) ? recovery['PointInTimeRecoveryStatus'] : undefined
}

const patience = { policy: { baseMs: 100, capMs: 2000 }, giveUpOn: hopeless }

/** What a worker would find when it begins the table's snapshot. */
function checkImages({ arn, name, viewType }: Table, { skipsContained }: SourceAccess): readonly Finding[] {
  if (!skipsContained || viewType === 'NEW_AND_OLD_IMAGES') return []
  const text = `snapshot.skip.contained.changes needs both images of a change, and the stream is ${viewType}`
  const error = new TailraceError('SNAPSHOT_IMAGES', text)
  return [{ ...failed(`table ${name}`, error), table: arn, isAboutSnapshot: true }]
}

function send(
  { api, parts }: SourceAccess,
  action: string,
  body: AwsRequest['body'],
  signal: AbortSignal,
): Promise<unknown> {
  const { clock, rng } = parts
  return retryForever({ ...patience, clock, rng }, () => api.call({ service: 'streams', action, body }, signal), signal)
}

function withoutOldImage({ arn, name }: Table): Finding {
  return { ...warning(`table ${name}`, 'the stream is NEW_IMAGE: records will have no `before`'), table: arn }
}

/** Tables that match later are taken up then; a right that is missing is no matter of time. */
function nothingYet(selection: string, error: TailraceError): Finding {
  const check = `table ${selection}`
  if (error.code !== 'TABLE_NOT_FOUND') return { ...failed(check, error), table: selection }
  const detail = `${error.message}; tables that match later are taken up`
  return { ...warning(check, detail), code: error.code, table: selection }
}

function skippedTable(table: string, code: ErrorCode): Finding {
  const why = code === 'STREAM_DISABLED' ? 'it has no enabled stream' : `it cannot be read (${code})`
  return { ...warning(`table ${table}`, `matches a pattern and is left out: ${why}`), code, table }
}

function chunks<T>(items: readonly T[]): readonly (readonly T[])[] {
  const groups: T[][] = []
  for (let at = 0; at < items.length; at += tablesAtOnce) groups.push(items.slice(at, at + tablesAtOnce))
  return groups
}
