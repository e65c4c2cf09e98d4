import { describeExport, exportTable } from './export-operations.ts'
import type { Fault, SimulatedRequest } from './fault-plan.ts'
import { describeStream, listStreams } from './listing-operations.ts'
import { getRecords, getShardIterator } from './reading-operations.ts'
import { ServiceError } from './service-error.ts'
import type { SimulatorState } from './simulator-state.ts'
import { getResources, listTagsOfResource } from './tag-operations.ts'
import * as tables from './table-operations.ts'

type Operation = (state: SimulatorState, body: SimulatedRequest['body'], fault: Fault | undefined) => unknown

const operations: Readonly<Record<string, Operation>> = {
  'DynamoDB_20120810.CreateTable': tables.createTable,
  'DynamoDB_20120810.DeleteItem': tables.deleteItem,
  'DynamoDB_20120810.DeleteTable': tables.deleteTable,
  'DynamoDB_20120810.DescribeExport': describeExport,
  'DynamoDB_20120810.DescribeTable': tables.describeTable,
  'DynamoDB_20120810.ExportTableToPointInTime': exportTable,
  'DynamoDB_20120810.ListTagsOfResource': listTagsOfResource,
  'DynamoDB_20120810.ListTables': tables.listTables,
  'DynamoDB_20120810.PutItem': tables.putItem,
  'DynamoDB_20120810.Scan': tables.scan,
  'DynamoDB_20120810.UpdateItem': tables.updateItem,
  'DynamoDB_20120810.UpdateTable': tables.updateTable,
  'DynamoDBStreams_20120810.DescribeStream': describeStream,
  'DynamoDBStreams_20120810.GetRecords': getRecords,
  'DynamoDBStreams_20120810.GetShardIterator': getShardIterator,
  'DynamoDBStreams_20120810.ListStreams': listStreams,
  'ResourceGroupsTaggingAPI_20170126.GetResources': getResources,
}

/** What the service says to one request. */
export interface ServiceAnswer {
  readonly statusCode: number
  readonly text: string
}

/**
 * Does what a request asks for. `target` is the value of `x-amz-target`. Throws ServiceError; faults of the way there and
 * back are not looked at.
 */
export function perform(
  state: SimulatorState,
  target: string,
  request: SimulatedRequest,
  fault: Fault | undefined,
): ServiceAnswer {
  if (fault?.kind === 'error') return errorAnswer(fault.statusCode, fault.type, fault.message ?? fault.type)
  if (fault?.kind === 'html') return { statusCode: fault.statusCode, text: '<html><body>proxy</body></html>' }
  const operation = operations[target]
  if (operation === undefined) throw new ServiceError('UnknownOperationException', `Unknown operation ${target}`)
  const result = operation(state, request.body, fault)
  if (fault?.kind === 'empty-object') return { statusCode: 200, text: '{}' }
  return { statusCode: 200, text: typeof result === 'string' ? result : JSON.stringify(result) }
}

/** An error as the service words it. */
export function errorAnswer(statusCode: number, type: string, message: string): ServiceAnswer {
  return { statusCode, text: JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message }) }
}
