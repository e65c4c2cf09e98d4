import { nearestName } from '../../src/config/nearest-name.ts'
import type { Document } from '../../src/change/document.ts'
import type { DocumentRecord } from '../../src/envelope/document-payload.ts'
import { buildChain } from '../../src/transform/connect/build-chain.ts'
import { createConnectChain } from '../../src/transform/connect/connect-chain.ts'
import type { SettingText } from '../../src/transform/connect/settings.ts'
import type { RecordOrigin, RecordTransform } from '../../src/transform/record-transform.ts'
import { tableOf } from '../oracle/arbitrary-items.ts'

/** Properties of one transform or predicate, `type` among them. */
export type Properties = Readonly<Record<string, SettingText>>

/** Builds what a pipeline file with these transforms (aliases `t0`, `t1`, …) and predicates means. */
export function build(
  transforms: readonly Properties[],
  predicates: Readonly<Record<string, Properties>> = {},
): { readonly chain: RecordTransform; readonly problems: readonly string[] } {
  const aliases = transforms.map((_, at) => `t${at}`)
  const { links, problems } = buildChain(
    {
      transforms: aliases,
      predicates: Object.keys(predicates),
      of: (family, alias) => {
        const found = family === 'predicates' ? predicates[alias] : transforms[aliases.indexOf(alias)]
        return new Map(Object.entries(found ?? {}))
      },
    },
    nearestName,
  )
  return { chain: createConnectChain(links), problems: problems.map(({ text }) => text) }
}

/** As `build`, for what must be right. */
export function chainOf(
  transforms: readonly Properties[],
  predicates: Readonly<Record<string, Properties>> = {},
): RecordTransform {
  const { chain, problems } = build(transforms, predicates)
  if (problems.length > 0) throw new Error(problems.join('\n'))
  return chain
}

/** Where the records of these tests come from: 2026-11-23T19:00:00.042Z. */
export const origin: RecordOrigin = {
  table: tableOf('NEW_AND_OLD_IMAGES'),
  topic: 'shop.orders',
  timestampMs: 1_795_460_400_042,
}

/** A record with a key `{pk}`. */
export function recordOf(value: Document | null, more: Partial<DocumentRecord> = {}): DocumentRecord {
  return {
    key: { pk: { S: 'a' } },
    value,
    headers: [],
    schemaNames: { key: 'shop.orders.Key', value: 'shop.orders.Value' },
    topic: undefined,
    ...more,
  }
}
