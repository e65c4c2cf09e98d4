import { isJsonObject } from '../../../aws/json-object.ts'
import { TailraceError } from '../../../errors.ts'
import { patientCall } from '../../source-context.ts'
import type { SourceContext } from '../../source-context.ts'

/** What DynamoDB counts of a table's way into Kinesis, in an interval. */
export interface ReplicationFigures {
  /** Changes that it has given up: they are in no stream. */
  readonly failed: number
  /** Attempts that the stream had no room for; they are repeated. */
  readonly throttled: number
  /** How long the oldest change has been waiting, as it was told last. Milliseconds; undefined if nothing was told. */
  readonly oldestMs: number | undefined
}

/** An interval, and the length of its parts; all of them multiples of five minutes, in which DynamoDB counts. */
export interface FigureInterval {
  readonly fromMs: number
  readonly untilMs: number
  readonly partMs: number
}

const metrics = {
  failed: { name: 'FailedToReplicateRecordCount', statistic: 'Sum' },
  throttled: { name: 'ThrottledPutRecordCount', statistic: 'Sum' },
  oldest: { name: 'AgeOfOldestUnreplicatedRecord', statistic: 'Maximum' },
} as const

/** A search takes 1,024 characters, and what it finds is cut at 100 series; a table has one of each metric. */
const mostNameCharacters = 800
const mostTables = 50

/**
 * What CloudWatch has of these tables (cloudwatch:GetMetricData); a table of which it has nothing is left out. Throttles are
 * waited out; rejects with what the context gives up on.
 */
export async function readFigures(
  context: SourceContext,
  tables: readonly string[],
  interval: FigureInterval,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ReplicationFigures>> {
  const figures = new Map<string, ReplicationFigures>()
  for (const group of groupsOf(tables)) {
    const wanted = new Set(group)
    let token: string | undefined
    do {
      const page = await readPage(context, { tables: group, interval, token }, signal)
      page.series.filter(({ table }) => wanted.has(table)).forEach((series) => add(figures, series))
      token = page.next
    } while (token !== undefined)
  }
  return figures
}

function groupsOf(tables: readonly string[]): readonly (readonly string[])[] {
  const groups: string[][] = []
  let room = 0
  for (const table of tables) {
    const group = groups.at(-1)
    room -= table.length + 6
    if (group !== undefined && room >= 0 && group.length < mostTables) group.push(table)
    else {
      groups.push([table])
      room = mostNameCharacters - table.length
    }
  }
  return groups
}

interface Series {
  readonly metric: keyof typeof metrics
  readonly table: string
  /** Newest first. */
  readonly values: readonly number[]
}

async function readPage(
  context: SourceContext,
  { tables, interval, token }: { tables: readonly string[]; interval: FigureInterval; token: string | undefined },
  signal: AbortSignal,
): Promise<{ readonly series: readonly Series[]; readonly next: string | undefined }> {
  const partSeconds = interval.partMs / 1000
  const names = tables.map((table) => `"${table}"`).join(' OR ')
  return await patientCall(
    context,
    {
      service: 'cloudwatch',
      action: 'GetMetricData',
      body: {
        StartTime: interval.fromMs / 1000,
        EndTime: interval.untilMs / 1000,
        ScanBy: 'TimestampDescending',
        // The operation that DynamoDB does on its own account has a name that no document tells: it is searched for.
        MetricDataQueries: Object.entries(metrics).map(([Id, { name, statistic }]) => ({
          Id,
          Expression: `SEARCH('{AWS/DynamoDB,DelegatedOperation,TableName} MetricName="${name}" TableName=(${names})', '${statistic}', ${partSeconds})`,
          Label: "${PROP('Dim.TableName')}",
        })),
        ...(token === undefined ? {} : { NextToken: token }),
      },
      subject: {},
      read: ({ body }) => readSeries(body),
    },
    signal,
  )
}

function readSeries(body: unknown): { readonly series: readonly Series[]; readonly next: string | undefined } {
  const results: unknown = isJsonObject(body) ? body['MetricDataResults'] : undefined
  const next: unknown = isJsonObject(body) ? body['NextToken'] : undefined
  if (!Array.isArray(results)) throw misshapen()
  const series = results.map((one: unknown): Series => {
    if (!isJsonObject(one)) throw misshapen()
    const { Id: id, Label: table, Values: values } = one
    const metric = metricOf(id)
    if (metric === undefined || typeof table !== 'string' || !isNumbers(values)) throw misshapen()
    return { metric, table, values }
  })
  return { series, next: typeof next === 'string' && next !== '' ? next : undefined }
}

function metricOf(id: unknown): keyof typeof metrics | undefined {
  return id === 'failed' || id === 'throttled' || id === 'oldest' ? id : undefined
}

function isNumbers(values: unknown): values is readonly number[] {
  return Array.isArray(values) && values.every((value) => typeof value === 'number')
}

function add(figures: Map<string, ReplicationFigures>, { metric, table, values }: Series): void {
  if (values.length === 0) return
  const known = figures.get(table) ?? { failed: 0, throttled: 0, oldestMs: undefined }
  const sum = values.reduce((total, value) => total + value, 0)
  if (metric === 'oldest') figures.set(table, { ...known, oldestMs: Math.max(known.oldestMs ?? 0, values[0] ?? 0) })
  else figures.set(table, { ...known, [metric]: known[metric] + sum })
}

function misshapen(): TailraceError {
  return new TailraceError('AWS_RESPONSE', 'GetMetricData answered without readable results')
}
