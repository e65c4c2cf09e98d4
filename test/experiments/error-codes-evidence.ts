import { z } from 'zod'
import { groupDigits } from './counts.ts'
import { markdownTable } from './markdown-table.ts'

const count = z.int().nonnegative()

/** The shape of `evidence/error-codes.json`. */
export const errorCodesSchema = z.strictObject({
  commit: z.string(),
  source: z.string(),
  date: z.iso.date(),
  /** How long each code was answered. Milliseconds. */
  refusalMs: count,
  outcomes: z.array(
    z.strictObject({
      api: z.string(),
      codeName: z.string(),
      /** Answers with the code. */
      struck: count,
      /** Of these, by one worker with two lanes. */
      perSecond: z.number().nonnegative(),
      reaction: z.enum([
        'stop-worker',
        'stop-table',
        'new-session',
        'duty-repeated',
        'group-rejoined',
        'asked-again',
        'not-asked',
      ]),
      /** Codes of tailrace's errors that were reported. */
      errors: z.array(z.string()),
      /** From the end of the refusal until everything worked again. */
      recoveryMs: count.nullable(),
    }),
  ),
})

/** `evidence/error-codes.json`: what tailrace does when a broker answers a request with an error code. */
export type ErrorCodes = Readonly<z.infer<typeof errorCodesSchema>>

const words: Readonly<Record<ErrorCodes['outcomes'][number]['reaction'], string>> = {
  'stop-worker': '**worker**',
  'stop-table': '**table**',
  'new-session': 'session',
  'duty-repeated': 'duty',
  'group-rejoined': 'rejoin',
  'asked-again': 'again',
  'not-asked': '–',
}

const legend = `\`session\`: the lane's session is thrown away and the lane is taken again. \`duty\`: the coordinator reports it and tries again.
\`rejoin\`: the worker joins its group again. \`again\`: the request is repeated, and nothing else happens. **table**: the table
stops until it is tried again. **worker**: the worker ends with an error that has a name, and works again when it is
started again. –: the request was not sent meanwhile.`

/** The section about error codes: one row a code, one column a request. */
export function errorCodesSection({ outcomes, refusalMs, commit, date }: ErrorCodes): string {
  const apis = [...new Set(outcomes.map(({ api }) => api))]
  const codes = [...new Set(outcomes.map(({ codeName }) => codeName))]
  const cellOf = (api: string, codeName: string): string => {
    const outcome = outcomes.find((one) => one.api === api && one.codeName === codeName)
    return outcome === undefined ? '' : words[outcome.reaction]
  }
  const table = markdownTable(
    ['Code', ...apis],
    codes.map((codeName) => [`\`${codeName}\``, ...apis.map((api) => cellOf(api, codeName))]),
  )
  const struck = outcomes.filter((outcome) => outcome.struck > 0)
  const fastest = Math.max(0, ...struck.map(({ perSecond }) => perSecond))
  const slowest = Math.max(0, ...struck.map(({ recoveryMs }) => recoveryMs ?? 0))
  const text = `Each request was answered with each code for ${groupDigits(refusalMs)} ms, at \`${commit}\` on ${date}; the strongest reaction is shown. One worker
with two lanes asked at most ${fastest} times a second meanwhile, and worked again at most ${groupDigits(slowest)} ms after it was over.`
  return `## What error codes of brokers lead to\n\n${text}\n\n${table}\n\n${legend}`
}
