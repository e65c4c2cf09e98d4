import { createHandler } from 'tailrace/lambda'

const deliver = createHandler({ config: 'pipeline.yaml' })

/** The function with something of your own around it. */
export const handler = async (event, context) => {
  const answer = await deliver(event, context)
  // Everything of the batch is committed here, or an error was thrown.
  console.log(`${event.Records.length} changes of ${event.eventSourceARN ?? 'a stream'} are in Kafka`)
  return answer
}
