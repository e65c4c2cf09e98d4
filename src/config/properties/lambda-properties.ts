import { defaulted, trueOrFalse } from '../property.ts'

/** What a function does where Lambda hands the changes over; workers ask for none of it. */
export const lambdaProperties = {
  'lambda.partial.batch.responses': defaulted(trueOrFalse, false, {
    importance: 'medium',
    documentation:
      'With `delivery: at_least_once`: the function answers with the first record that cannot pass, so that Lambda goes on behind the records in front of it. Only where every event source mapping has `FunctionResponseTypes: [ReportBatchItemFailures]`; without that Lambda takes the answer for success, and the record would be lost. Off: the whole batch fails.',
  }),
}
