import { AwsServiceError } from '../../aws/aws.ts'
import type { StreamViewType } from '../../change/table.ts'
import { patientCall } from '../source-context.ts'
import type { SourceContext } from '../source-context.ts'
import { readStreamViewType } from './stream-description.ts'

/**
 * The view type of a stream that may have been turned off: DescribeStream knows it for as long as the stream can be read. Undefined
 * if it is gone.
 */
export async function askViewType(
  context: SourceContext,
  streamArn: string,
  signal: AbortSignal,
): Promise<StreamViewType | undefined> {
  try {
    return await patientCall(
      context,
      {
        service: 'streams',
        action: 'DescribeStream',
        body: { StreamArn: streamArn, Limit: 1 },
        subject: { streamArn },
        read: (answer) => readStreamViewType(answer.body),
      },
      signal,
    )
  } catch (error) {
    if (error instanceof AwsServiceError && error.type === 'ResourceNotFoundException') return undefined
    throw error
  }
}
