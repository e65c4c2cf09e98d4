import { backoffDelay } from '../../async/backoff.ts'
import { mapBounded } from '../../async/map-bounded.ts'
import { AwsServiceError } from '../../aws/aws.ts'
import type { AwsAnswer } from '../../aws/aws.ts'
import { isJsonObject } from '../../aws/json-object.ts'
import type { Item } from '../../change/attribute-value.ts'
import { itemKeyIdentity } from '../../change/item-key.ts'
import type { Table } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import { createSourceContext, patientCall } from '../source-context.ts'
import type { SourceContext, SourceContextOptions } from '../source-context.ts'
import { requestedName } from '../table-names.ts'

/** Reads single items of tables. */
export interface ItemReader {
  /**
   * The items of these keys as they are now, by strongly consistent reads, by `itemKeyIdentity`; keys without an item are
   * left out. Throttles and passing errors are waited out. Throws TABLE_NOT_FOUND if the table is gone.
   */
  read(table: Table, keys: readonly Item[], signal: AbortSignal): Promise<ReadonlyMap<string, Item>>
}

/** DynamoDB's bound on the keys of one request. */
const keysAtOnce = 100
/** Items are read while a lane waits: a few requests at a time, and not so many that they throttle each other. */
const requestsAtOnce = 4

export function createItemReader(options: SourceContextOptions): ItemReader {
  const context = createSourceContext(options)
  return {
    read: async (table, keys, signal) => {
      const wanted = new Map<string, Item>()
      for (const key of keys) {
        const identity = itemKeyIdentity(key, table.keySchema)
        if (identity !== undefined) wanted.set(identity, key)
      }
      const all = [...wanted.values()]
      const batches = Array.from({ length: Math.ceil(all.length / keysAtOnce) }, (_, index) =>
        all.slice(index * keysAtOnce, (index + 1) * keysAtOnce),
      )
      const found = await mapBounded(batches, requestsAtOnce, (batch) => readBatch(context, table, batch, signal))
      return new Map(found.flat().map((item): [string, Item] => [itemKeyIdentity(item, table.keySchema) ?? '', item]))
    },
  }
}

/** Until there is an answer to each key: a batch that is too large, or throttled in part, is answered in part. */
async function readBatch(
  context: SourceContext,
  table: Table,
  batch: readonly Item[],
  signal: AbortSignal,
): Promise<readonly Item[]> {
  const items: Item[] = []
  let keys: readonly unknown[] = batch
  for (let fruitless = 0; keys.length > 0;) {
    const answer = await ask(context, table, keys, signal)
    items.push(...answer.items)
    keys = answer.unprocessed
    if (keys.length === 0) break
    // With nothing of it done the table has no capacity left; otherwise the answer was full.
    fruitless = answer.items.length === 0 ? fruitless + 1 : 0
    if (fruitless > 0) await context.clock.sleep(backoffDelay(context.retry, fruitless - 1, context.rng), signal)
  }
  return items
}

interface BatchAnswer {
  readonly items: readonly Item[]
  readonly unprocessed: readonly unknown[]
}

async function ask(
  context: SourceContext,
  { name, arn }: Table,
  keys: readonly unknown[],
  signal: AbortSignal,
): Promise<BatchAnswer> {
  const asked = requestedName(arn)
  try {
    return await patientCall(
      context,
      {
        service: 'dynamodb',
        action: 'BatchGetItem',
        body: { RequestItems: { [asked]: { Keys: keys, ConsistentRead: true } } },
        subject: { table: name },
        read: (answer) => readAnswer(answer, [asked, name]),
      },
      signal,
    )
  } catch (error) {
    if (!(error instanceof AwsServiceError)) throw error
    const isGone = error.type === 'ResourceNotFoundException'
    const message = isGone ? `table ${name} is gone` : `reading items of table ${name} is refused: ${error.message}`
    throw new TailraceError(isGone ? 'TABLE_NOT_FOUND' : 'RESELECT_REFUSED', message, {
      cause: error,
      details: { table: name },
    })
  }
}

/** An answer names the table as it was asked for; a service that gives its name instead must not look as if it had no items. */
function readAnswer({ body }: AwsAnswer, tables: readonly string[]): BatchAnswer {
  const ofTable = (value: unknown): unknown =>
    tables.map((table) => memberOf(value, table)).find((member) => member !== undefined)
  const responses = memberOf(body, 'Responses')
  const items = ofTable(responses) ?? []
  const unprocessed = memberOf(ofTable(memberOf(body, 'UnprocessedKeys')), 'Keys') ?? []
  if (!isJsonObject(responses) || !isItems(items) || !Array.isArray(unprocessed))
    throw new TailraceError('AWS_RESPONSE', 'BatchGetItem answered without readable items')
  return { items, unprocessed }
}

function memberOf(value: unknown, name: string): unknown {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

function isItems(value: unknown): value is readonly Item[] {
  return Array.isArray(value) && value.every(isJsonObject)
}
