import { isJsonObject } from '../../aws/json-object.ts'
import type { JsonObject } from '../../aws/json-object.ts'
import type { StreamViewType, Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import { describedText, misshapenTable, readKeySchema } from '../key-schema.ts'

/** Which tables are refused although they exist. */
export interface TableRequirements {
  /** Streams of other view types are refused; see {@link stateBearingViewTypes}. */
  readonly viewTypes: readonly StreamViewType[]
  /**
   * True where somebody else reads the streams: one that was turned off is read to its end, for 24 hours. Otherwise its table is
   * refused.
   */
  readonly alsoDisabled?: boolean
}

/** A table as DescribeTable shows it, whether its stream will do or not. */
export interface DescribedTable extends Omit<Table, 'streamArn' | 'viewType'> {
  /** The newest stream, which may have been turned off; undefined if there never was one. */
  readonly streamArn: string | undefined
  /** Undefined while no stream is enabled: DescribeTable shows no view type then. */
  readonly viewType: StreamViewType | undefined
}

/** View types from whose records a reader can build an item's state. */
export const stateBearingViewTypes: readonly StreamViewType[] = ['NEW_AND_OLD_IMAGES', 'NEW_IMAGE']

/**
 * Reads DescribeTable's answer. Throws AWS_RESPONSE for one that is not understood. A service without table ids (DynamoDB
 * Local) gets the creation time for one: it differs for a recreated table as well.
 */
export function readTableDescription(body: unknown): DescribedTable {
  const table = isJsonObject(body) ? body['Table'] : undefined
  if (!isJsonObject(table)) throw misshapenTable('Table')
  const name = describedText(table, 'TableName')
  const arn = describedText(table, 'TableArn')
  const { region, account } = parseArn(arn)
  const facts = { arn, name, id: tableId(table), region, account, keySchema: readKeySchema(table) }
  const stream = isJsonObject(table['StreamSpecification']) ? table['StreamSpecification'] : {}
  const streamArn = typeof table['LatestStreamArn'] === 'string' ? table['LatestStreamArn'] : undefined
  if (stream['StreamEnabled'] !== true || streamArn === undefined) return { ...facts, streamArn, viewType: undefined }
  const viewType = stream['StreamViewType']
  if (!isViewType(viewType)) throw misshapenTable('StreamViewType')
  return { ...facts, streamArn, viewType }
}

/** The table, if its stream will do. Throws STREAM_DISABLED, STREAM_VIEW_TYPE. */
export function readableTable(described: DescribedTable, requirements: TableRequirements): Table {
  const { arn, name, streamArn, viewType } = described
  if (streamArn === undefined || viewType === undefined)
    throw new TailraceError('STREAM_DISABLED', `Table ${name} has no enabled stream`, { details: { table: arn } })
  if (!requirements.viewTypes.includes(viewType)) {
    throw new TailraceError('STREAM_VIEW_TYPE', `The stream of table ${name} is ${viewType}: it carries no new image`, {
      details: { table: arn, viewType },
    })
  }
  return { ...described, streamArn, viewType }
}

/** Of `arn:aws:dynamodb:<region>:<account>:table/<name>`. */
function parseArn(arn: string): { readonly region: string; readonly account: string } {
  const [, region, account] = /^arn:[^:]+:dynamodb:([^:]+):([^:]+):table\//.exec(arn) ?? []
  if (region === undefined || account === undefined) throw misshapenTable('TableArn')
  return { region, account }
}

function tableId(table: JsonObject): string {
  const { TableId: id, CreationDateTime: created } = table
  if (typeof id === 'string' && id !== '') return id
  if (typeof created === 'number') return `created-${created}`
  throw misshapenTable('TableId')
}

/** True for a view type that DynamoDB knows. */
export function isViewType(value: unknown): value is StreamViewType {
  return value === 'KEYS_ONLY' || value === 'NEW_IMAGE' || value === 'OLD_IMAGE' || value === 'NEW_AND_OLD_IMAGES'
}
