import { AwsServiceError } from '../../aws/aws.ts'
import { isJsonObject } from '../../aws/json-object.ts'
import type { KeyAttribute } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import { readKeySchema } from '../key-schema.ts'
import { patientCall } from '../source-context.ts'
import type { SourceContext } from '../source-context.ts'

/**
 * The key attributes of a table, hash key first: what its records in a Kinesis stream do not tell. Whether it has a stream of
 * its own does not matter. Rejects with TABLE_NOT_FOUND, and at once with AWS_ACCESS_DENIED.
 */
export async function describeKeys(
  context: SourceContext,
  table: string,
  signal: AbortSignal,
): Promise<readonly KeyAttribute[]> {
  const impatient = { ...context, giveUpOn: [...context.giveUpOn, 'AWS_ACCESS_DENIED'] as const }
  try {
    return await patientCall(
      impatient,
      {
        service: 'dynamodb',
        action: 'DescribeTable',
        body: { TableName: table },
        subject: { table },
        read: ({ body }) => readKeySchema(isJsonObject(body) && isJsonObject(body['Table']) ? body['Table'] : {}),
      },
      signal,
    )
  } catch (error) {
    const isMissing = error instanceof AwsServiceError && /^(ResourceNotFound|Validation)Exception$/.test(error.type)
    if (!isMissing) throw error
    throw new TailraceError('TABLE_NOT_FOUND', `There is no table ${table}`, { cause: error, details: { table } })
  }
}
