import type { Fault } from '../stream-simulator/fault-plan.ts'
import { isObject, ServiceError } from '../stream-simulator/service-error.ts'
import { performKinesis } from './kinesis-operations.ts'
import type { ServedKinesis } from './kinesis-service.ts'

type JsonObject = Readonly<Record<string, unknown>>

/** One request to a simulated service, without a way: its answer, or the type of its error as a text. */
export function askKinesis(
  service: ServedKinesis,
  action: string,
  body: JsonObject,
  fault?: Fault,
): JsonObject | string {
  try {
    const { text } = performKinesis(service.state, { action, body, accessKeyId: 'test' }, fault)
    return text === '' ? {} : objectOf(JSON.parse(text))
  } catch (error) {
    if (error instanceof ServiceError) return error.type
    throw error
  }
}

/** As `askKinesis`, where an error fails the test. */
export function demandKinesis(service: ServedKinesis, action: string, body: JsonObject, fault?: Fault): JsonObject {
  const answer = askKinesis(service, action, body, fault)
  if (typeof answer === 'string') throw new Error(`${action} was refused: ${answer}`)
  return answer
}

/** An iterator of a shard. */
export function iteratorOf(service: ServedKinesis, stream: string, shardId: string, start: JsonObject): string {
  const answer = demandKinesis(service, 'GetShardIterator', { StreamName: stream, ShardId: shardId, ...start })
  return String(answer['ShardIterator'])
}

/** Data of a page's records, as texts. */
export function textsOf(page: JsonObject): readonly string[] {
  const records = page['Records']
  if (!Array.isArray(records)) throw new Error('no records')
  return records.map((record) => Buffer.from(String(objectOf(record)['Data']), 'base64').toString())
}

function objectOf(value: unknown): JsonObject {
  if (!isObject(value)) throw new Error('not an object')
  return value
}
