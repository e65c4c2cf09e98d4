import { z } from 'zod'
import { TailraceError } from '../../errors.ts'

/** Of what Connect answers, the members that are looked at. The other ones are the connector's own. */
const answer = z.object({
  offsets: z.array(
    z.object({
      partition: z.object({ table_name: z.string() }),
      offset: z.object({ init_sync_state: z.string().regex(/^[A-Z_]{1,30}$/) }).nullable(),
    }),
  ),
})

/**
 * How far Trustpilot's connector was with loading each table (`INIT_SYNC`), in its own words (`RUNNING`, `FINISHED` …), by the table's
 * name: from the body that Connect answers to `GET /connectors/<name>/offsets`. It begins a load anew when it has fallen behind, and its
 * leases do not show that. Throws LEASES_UNUSABLE for any other text.
 */
export function loadStates({
  text,
  path,
}: {
  readonly text: string
  readonly path: string
}): ReadonlyMap<string, string> {
  const { data } = answer.safeParse(parsed(text))
  if (data === undefined)
    throw new TailraceError(
      'LEASES_UNUSABLE',
      `${path} is not what Connect answers to GET /connectors/<name>/offsets for Trustpilot's connector`,
      { details: { file: path } },
    )
  return new Map(
    data.offsets.flatMap(({ partition, offset }) =>
      offset === null ? [] : [[partition.table_name, offset.init_sync_state] as const],
    ),
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
