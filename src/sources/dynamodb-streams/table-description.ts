import { isJsonObject } from '../../aws/json-object.ts'
import type { JsonObject } from '../../aws/json-object.ts'
import type { KeyAttribute, StreamViewType, Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'

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
  if (!isJsonObject(table)) throw misshapen('Table')
  const name = text(table, 'TableName')
  const arn = text(table, 'TableArn')
  const { region, account } = parseArn(arn)
  const stream = isJsonObject(table['StreamSpecification']) ? table['StreamSpecification'] : {}
  const streamArn = table['LatestStreamArn']
  if (stream['StreamEnabled'] !== true || typeof streamArn !== 'string') {
    throw new TailraceError('STREAM_DISABLED', `Table ${name} has no enabled stream`, { details: { table: arn } })
  }
  const viewType = stream['StreamViewType']
  if (!isViewType(viewType)) throw misshapen('StreamViewType')
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
  if (region === undefined || account === undefined) throw misshapen('TableArn')
  return { region, account }
}

function tableId(table: JsonObject): string {
  const { TableId: id, CreationDateTime: created } = table
  if (typeof id === 'string' && id !== '') return id
  if (typeof created === 'number') return `created-${created}`
  throw misshapen('TableId')
}

/** The key attributes in DescribeTable's answer, hash key first. Throws AWS_RESPONSE. */
export function readKeys(body: unknown): readonly KeyAttribute[] {
  const table = isJsonObject(body) ? body['Table'] : undefined
  if (!isJsonObject(table)) throw misshapen('Table')
  return readKeySchema(table)
}

function readKeySchema(table: JsonObject): readonly KeyAttribute[] {
  const { KeySchema: schema, AttributeDefinitions: definitions } = table
  if (!Array.isArray(schema) || !Array.isArray(definitions)) throw misshapen('KeySchema')
  const types = new Map<string, unknown>()
  for (const definition of definitions.filter(isJsonObject))
    types.set(text(definition, 'AttributeName'), definition['AttributeType'])
  const attributes = schema.filter(isJsonObject)
  const ordered = [
    ...attributes.filter((a) => a['KeyType'] === 'HASH'),
    ...attributes.filter((a) => a['KeyType'] === 'RANGE'),
  ]
  if (ordered.length === 0 || ordered.length !== schema.length) throw misshapen('KeySchema')
  return ordered.map((attribute) => {
    const name = text(attribute, 'AttributeName')
    const type = types.get(name)
    if (type !== 'S' && type !== 'N' && type !== 'B') throw misshapen('AttributeDefinitions')
    return { name, type }
  })
}

function isViewType(value: unknown): value is StreamViewType {
  return value === 'KEYS_ONLY' || value === 'NEW_IMAGE' || value === 'OLD_IMAGE' || value === 'NEW_AND_OLD_IMAGES'
}

function text(object: JsonObject, member: string): string {
  const value = object[member]
  if (typeof value !== 'string' || value === '') throw misshapen(member)
  return value
}

function misshapen(member: string): TailraceError {
  return new TailraceError('AWS_RESPONSE', `DescribeTable answered without a readable ${member}`)
}
