import type { KeyAttribute } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'

/** What is known of the keys of tables besides what their records tell. */
export interface TableKeysOptions {
  /**
   * The key schema as DescribeTable gives it, hash key first. Waits for what passes; rejects with TABLE_NOT_FOUND or
   * AWS_ACCESS_DENIED where it cannot be had. Undefined: nobody can be asked.
   */
  readonly describe: ((table: string, signal: AbortSignal) => Promise<readonly KeyAttribute[]>) | undefined
  /** By the table's name, hash key first: what somebody has written down counts, and nobody is asked. */
  readonly configured: ReadonlyMap<string, readonly string[]>
}

/** Puts the key attributes of tables into the order of their key schemas. */
export interface TableKeys {
  /**
   * These attributes, hash key first. A table is described once, and again for attributes that it did not have then: it
   * was deleted and made anew. Rejects with TABLE_KEYS_UNKNOWN where the order cannot be told.
   */
  inOrder(table: string, attributes: readonly KeyAttribute[], signal: AbortSignal): Promise<readonly KeyAttribute[]>
}

/** Knows nothing before it is asked. */
export function createTableKeys({ describe, configured }: TableKeysOptions): TableKeys {
  const described = new Map<string, readonly string[]>()
  return {
    inOrder: async (table, attributes, signal) => {
      if (attributes.length === 1) return attributes
      const known = ordered(attributes, configured.get(table)) ?? ordered(attributes, described.get(table))
      if (known !== undefined) return known
      if (describe === undefined) throw unknown(table, 'no table is described')
      const names = await namesOf(table, describe, signal)
      described.set(table, names)
      const found = ordered(attributes, names)
      if (found === undefined) throw unknown(table, 'the table has other keys now')
      return found
    },
  }
}

/** Undefined if the names are not those of the attributes. */
function ordered(
  attributes: readonly KeyAttribute[],
  names: readonly string[] | undefined,
): readonly KeyAttribute[] | undefined {
  if (names?.length !== attributes.length) return undefined
  const found = [...new Set(names)].flatMap((name) => attributes.filter((attribute) => attribute.name === name))
  return found.length === attributes.length ? found : undefined
}

const refusals: ReadonlySet<string> = new Set(['TABLE_NOT_FOUND', 'AWS_ACCESS_DENIED'])

async function namesOf(
  table: string,
  describe: NonNullable<TableKeysOptions['describe']>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    return (await describe(table, signal)).map(({ name }) => name)
  } catch (error) {
    if (signal.aborted || !(error instanceof TailraceError) || !refusals.has(error.code)) throw error
    throw unknown(table, error.message, error)
  }
}

function unknown(table: string, why: string, cause?: TailraceError): TailraceError {
  return new TailraceError(
    'TABLE_KEYS_UNKNOWN',
    `the order of the key attributes of table ${table} is not known: ${why}`,
    {
      cause,
      details: { table },
    },
  )
}
