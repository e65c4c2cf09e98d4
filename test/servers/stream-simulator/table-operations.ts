import type { AttributeValue, Item } from '../../../src/change/attribute-value.ts'
import type { KeyAttribute, StreamViewType } from '../../../src/change/table.ts'
import type { SimulatedRequest } from './fault-plan.ts'
import { itemSize, keyText, pick } from './item-text.ts'
import { isObject, numberMember, objectMember, ServiceError, textMember } from './service-error.ts'
import type { SimulatedTable } from './simulated-table.ts'
import { tableOf } from './simulator-state.ts'
import type { SimulatorState } from './simulator-state.ts'
import { parseUpdate } from './update-expression.ts'

type Body = SimulatedRequest['body']

/** ListTables, in order of names. */
export function listTables(state: SimulatorState, body: Body): unknown {
  const start = body['ExclusiveStartTableName'] === undefined ? '' : textMember(body, 'ExclusiveStartTableName')
  const limit = Math.min(numberMember(body, 'Limit') ?? 100, state.settings.pageTables)
  const rest = [...state.tables.keys()].sort().filter((name) => name > start)
  const page = rest.slice(0, limit)
  return { TableNames: page, ...(rest.length > limit ? { LastEvaluatedTableName: page.at(-1) } : {}) }
}

/** DescribeTable. */
export function describeTable(state: SimulatorState, body: Body): unknown {
  const table = tableOf(state, textMember(body, 'TableName'))
  const throughput = { ReadCapacityUnits: state.settings.readUnits, WriteCapacityUnits: state.settings.readUnits }
  return { Table: { ...description(table), ProvisionedThroughput: throughput } }
}

/** CreateTable, with the members that a table of the simulator has. */
export function createTable(state: SimulatorState, body: Body): unknown {
  const name = textMember(body, 'TableName')
  if (state.tables.has(name)) throw new ServiceError('ResourceInUseException', `Table already exists: ${name}`)
  const table = state.createTable({ name, keySchema: keySchemaOf(body), ...streamChoice(body) })
  return { TableDescription: description(table) }
}

/** DeleteTable. */
export function deleteTable(state: SimulatorState, body: Body): unknown {
  const table = tableOf(state, textMember(body, 'TableName'))
  state.deleteTable(table.name)
  return { TableDescription: description(table) }
}

/** UpdateTable: the stream only. */
export function updateTable(state: SimulatorState, body: Body): unknown {
  const table = tableOf(state, textMember(body, 'TableName'))
  const { viewType } = streamChoice(body)
  const isEnabled = isStreaming(table)
  if (viewType !== undefined && isEnabled)
    throw new ServiceError('ValidationException', `Table already has an enabled stream: ${table.name}`)
  if (viewType === undefined) table.disableStream()
  else table.enableStream(viewType)
  return { TableDescription: description(table) }
}

/** PutItem. */
export function putItem(state: SimulatorState, body: Body): unknown {
  tableOf(state, textMember(body, 'TableName')).put(itemMember(body, 'Item'))
  return {}
}

/** DeleteItem. */
export function deleteItem(state: SimulatorState, body: Body): unknown {
  tableOf(state, textMember(body, 'TableName')).delete(itemMember(body, 'Key'))
  return {}
}

/** UpdateItem, with SET name = :value and REMOVE name. */
export function updateItem(state: SimulatorState, body: Body): unknown {
  const { set, remove } = parseUpdate(
    textMember(body, 'UpdateExpression'),
    objectMember(body, 'ExpressionAttributeNames') ?? {},
  )
  const values = objectMember(body, 'ExpressionAttributeValues') ?? {}
  const assignments = set.map(([name, placeholder]): [string, unknown] => [name, values[placeholder]])
  tableOf(state, textMember(body, 'TableName')).update(
    itemMember(body, 'Key'),
    toItem(Object.fromEntries(assignments)),
    remove,
  )
  return {}
}

/** Scan, in order of hashes, by segments if asked for. */
export function scan(state: SimulatorState, body: Body): unknown {
  const table = tableOf(state, textMember(body, 'TableName'))
  const names = table.keySchema.map((attribute) => attribute.name)
  const segments = numberMember(body, 'TotalSegments') ?? 1
  const segment = numberMember(body, 'Segment') ?? 0
  const limit = Math.min(numberMember(body, 'Limit') ?? 1_000, state.settings.pageItems)
  const start = objectMember(body, 'ExclusiveStartKey')
  const place = (hash: number, key: string): string => `${hash.toString().padStart(10, '0')}${key}`
  const startKey = start === undefined ? undefined : keyText(toItem(start), names)
  const startPlace = startKey === undefined ? '' : place(table.hashOf(toItem(start ?? {})), startKey)
  const rest = [...table.items]
    .filter(([, { hash }]) => Math.floor((hash / 2 ** 32) * segments) === segment)
    .map(([key, { item, hash }]) => ({ item, place: place(hash, key) }))
    .filter((row) => row.place > startPlace)
    .sort((a, b) => (a.place < b.place ? -1 : 1))
  const page = rest.slice(0, limit)
  const last = page.at(-1)
  // A consistent read costs one unit for each 4 KB of a page.
  const bytes = page.reduce((total, { item }) => total + itemSize(item), 0)
  const units = Math.max(1, Math.ceil(bytes / 4096))
  state.settings.onConsumed?.(units)
  return {
    Items: page.map((row) => row.item),
    Count: page.length,
    ScannedCount: page.length,
    ...(body['ReturnConsumedCapacity'] === 'TOTAL'
      ? { ConsumedCapacity: { TableName: table.name, CapacityUnits: units } }
      : {}),
    ...(rest.length > limit && last !== undefined ? { LastEvaluatedKey: pick(last.item, names) } : {}),
  }
}

function description(table: SimulatedTable): object {
  const newest = table.streams.at(-1)
  return {
    TableName: table.name,
    TableArn: table.arn,
    TableId: table.id,
    TableStatus: 'ACTIVE',
    CreationDateTime: table.createdAtMs / 1000,
    ItemCount: table.items.size,
    AttributeDefinitions: table.keySchema.map(({ name, type }) => ({ AttributeName: name, AttributeType: type })),
    KeySchema: table.keySchema.map(({ name }, i) => ({ AttributeName: name, KeyType: i === 0 ? 'HASH' : 'RANGE' })),
    ...(isStreaming(table) ? { StreamSpecification: { StreamEnabled: true, StreamViewType: newest?.viewType } } : {}),
    ...(newest === undefined ? {} : { LatestStreamArn: newest.arn, LatestStreamLabel: newest.label }),
  }
}

function isStreaming(table: SimulatedTable): boolean {
  const status = table.streams.at(-1)?.status
  return status === 'ENABLED' || status === 'ENABLING'
}

function streamChoice(body: Body): { readonly viewType?: StreamViewType } {
  const specification = objectMember(body, 'StreamSpecification')
  if (specification?.['StreamEnabled'] !== true) return {}
  const viewType = specification['StreamViewType']
  if (
    viewType === 'KEYS_ONLY' ||
    viewType === 'NEW_IMAGE' ||
    viewType === 'OLD_IMAGE' ||
    viewType === 'NEW_AND_OLD_IMAGES'
  )
    return { viewType }
  throw new ServiceError('ValidationException', 'Unknown StreamViewType')
}

function keySchemaOf(body: Body): readonly KeyAttribute[] {
  const { KeySchema: schema, AttributeDefinitions: definitions } = body
  if (!Array.isArray(schema) || !Array.isArray(definitions))
    throw new ServiceError('ValidationException', 'KeySchema is missing')
  return schema.filter(isObject).map((element) => {
    const name = textMember(element, 'AttributeName')
    const type = definitions.filter(isObject).find((definition) => definition['AttributeName'] === name)?.[
      'AttributeType'
    ]
    if (type !== 'S' && type !== 'N' && type !== 'B')
      throw new ServiceError('ValidationException', `Attribute ${name} has no type`)
    return { name, type }
  })
}

function itemMember(body: Body, name: string): Item {
  return toItem(objectMember(body, name) ?? {})
}

function toItem(object: Readonly<Record<string, unknown>>): Item {
  if (!isItem(object)) throw new ServiceError('ValidationException', 'An attribute value is not an object')
  return object
}

/** Values are taken as they come: the simulator is not a validator. */
function isItem(object: Readonly<Record<string, unknown>>): object is Readonly<Record<string, AttributeValue>> {
  return Object.values(object).every(isObject)
}
