import { isJsonObject } from '../../aws/json-object.ts'
import type { JsonObject } from '../../aws/json-object.ts'
import type { StreamViewType, Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import { describedText, misshapenTable, readKeySchema } from '../key-schema.ts'

/** Which tables are refused although they exist. */
export interface TableRequirements {
  /** Streams of other view types are refused; see {@link stateBearingViewTypes}. */
  readonly viewTypes: readonly StreamViewType[]
}

/** View types from whose records a reader can build an item's state. */
export const stateBearingViewTypes: readonly StreamViewType[] = ['NEW_AND_OLD_IMAGES', 'NEW_IMAGE']

/**
 * Reads DescribeTable's answer. Throws STREAM_DISABLED or STREAM_VIEW_TYPE for a table that cannot be read, AWS_RESPONSE
 * for an answer that is not understood. A service without table ids (DynamoDB Local) gets the creation time for one:
 * it differs for a recreated table as well.
 */
export function readTableDescription(body: unknown, requirements: TableRequirements): Table {
  const table = isJsonObject(body) ? body['Table'] : undefined
  if (!isJsonObject(table)) throw misshapenTable('Table')
  const name = describedText(table, 'TableName')
  const arn = describedText(table, 'TableArn')
  const { region, account } = parseArn(arn)
  const stream = isJsonObject(table['StreamSpecification']) ? table['StreamSpecification'] : {}
  const streamArn = table['LatestStreamArn']
  if (stream['StreamEnabled'] !== true || typeof streamArn !== 'string') {
    throw new TailraceError('STREAM_DISABLED', `Table ${name} has no enabled stream`, { details: { table: arn } })
  }
  const viewType = stream['StreamViewType']
  if (!isViewType(viewType)) throw misshapenTable('StreamViewType')
  if (!requirements.viewTypes.includes(viewType)) {
    throw new TailraceError('STREAM_VIEW_TYPE', `The stream of table ${name} is ${viewType}: it carries no new image`, {
      details: { table: arn, viewType },
    })
  }
  return { arn, name, id: tableId(table), region, account, streamArn, viewType, keySchema: readKeySchema(table) }
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

function isViewType(value: unknown): value is StreamViewType {
  return value === 'KEYS_ONLY' || value === 'NEW_IMAGE' || value === 'OLD_IMAGE' || value === 'NEW_AND_OLD_IMAGES'
}
