import { choice, defaulted, optional, trueOrFalse } from '../property.ts'

/** What a function does where Lambda hands the changes over; workers ask for none of it. */
export const lambdaProperties = {
  'lambda.mapping.check': defaulted(choice(['auto', 'required', 'off']), 'auto', {
    importance: 'medium',
    documentation:
      'Whether the function looks at its event source mappings when it starts (`lambda:ListEventSourceMappings`), and refuses batches of one that would lose changes. `auto` goes on with a warning where Lambda cannot be asked; `required` lets batches fail until it can; `off` does not ask.',
  }),
  'lambda.partial.batch.responses': optional(trueOrFalse, {
    importance: 'medium',
    defaultNote: 'what the event source mapping says; `false` where it could not be looked at',
    documentation:
      'With `delivery: at_least_once`: the function answers with the first record that cannot pass, so that Lambda goes on behind the records in front of it. That needs `FunctionResponseTypes: [ReportBatchItemFailures]` in the mapping; without it Lambda takes the answer for success, and the record would be lost. `true` is for functions that cannot look at their mappings, and is refused where a mapping says otherwise; `false`: the whole batch fails.',
  }),
}
