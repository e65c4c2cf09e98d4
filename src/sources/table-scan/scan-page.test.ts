import { expect, it } from 'vitest'
import { tableOf } from '../../../test/oracle/arbitrary-items.ts'
import { seededRng } from '../../async/rng.ts'
import type { AwsApi, AwsRequest } from '../../aws/aws.ts'
import type { Table } from '../../change/table.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import { createSourceContext } from '../source-context.ts'
import { scanPage } from './scan-page.ts'

const table = tableOf('NEW_IMAGE')

async function nameAskedFor(one: Table): Promise<unknown> {
  const sent: AwsRequest[] = []
  const api: AwsApi = {
    call: () => Promise.reject(new Error('not used')),
    exchange: async (request) => {
      sent.push(request)
      return await Promise.resolve({ body: { Items: [] }, bytes: 1 })
    },
  }
  const context = createSourceContext({ api, clock: createManualClock(), rng: seededRng(1) })
  const position = { table: one, segment: 0, totalSegments: 1, afterKey: undefined }
  await scanPage(context, position, new AbortController().signal)
  return sent[0]?.body['TableName']
}

it('scans the table of the account that its ARN names, not the table of that name in the own account', async () => {
  const arn = 'arn:aws:dynamodb:us-east-1:222222222222:table/orders'
  expect(await nameAskedFor({ ...table, arn, account: '222222222222' })).toBe(arn)
  expect(await nameAskedFor(table)).toBe(table.arn)
})

it('asks DynamoDB Local by name, which does not know its own ARNs', async () => {
  expect(await nameAskedFor({ ...table, arn: 'arn:aws:dynamodb:ddblocal:000000000000:table/orders' })).toBe('orders')
})
