import type { Rng } from '../../../src/async/rng.ts'
import type { AwsApi } from '../../../src/aws/aws.ts'
import type { WrittenChange } from '../../../src/oracle/oracle.ts'
import { member } from '../../servers/stream-simulator/simulator-client.ts'
import { createItemWriter } from './item-writer.ts'
import type { ItemWriter } from './item-writer.ts'
import type { TableKind } from './service-plan.ts'

/** A table's state as `status` must tell it when nothing is under way. */
export type ExpectedState = 'RUNNING' | 'UNASSIGNED' | 'SOURCE_REPLACED'

/** One table from its first day to its last. */
export interface TableLife {
  readonly name: string
  readonly kind: TableKind
  readonly connector: string
  readonly topic: string
  /** What its pipeline must deliver: everything that was written into the table's first incarnation, in which it was first found. */
  readonly owed: readonly WrittenChange[]
  /** Written into an incarnation that must not be read before a person has decided about it. */
  readonly withheld: number
  /** What the first incarnation holds, or held last: digests by key. */
  contents(): ReadonlyMap<string, string>
  readonly expected: ExpectedState
  /** Undefined while nobody may write. */
  readonly writer: ItemWriter | undefined
  make(): Promise<void>
  tag(): Promise<void>
  untag(): Promise<void>
  /** Ends its writing first. */
  drop(): Promise<void>
}

/** The key of the tags; the value is the name of the connector. */
export const tagKey = 'cdc'

/** Where a table lives. */
export interface TableHome {
  /** Of the front that knows tags. */
  readonly front: AwsApi
  /** For items: past the front. */
  readonly items: AwsApi
}

const callMs = 30_000

/** It does not exist yet. */
export function createTableLife(
  { front, items }: TableHome,
  about: { readonly name: string; readonly kind: TableKind; readonly connector: string },
  rng: Rng,
): TableLife {
  const { name, kind, connector } = about
  const writers: ItemWriter[] = []
  let arn = ''
  let isThere = false
  let isTagged = false
  const call = (action: string, body: Readonly<Record<string, unknown>>): Promise<unknown> =>
    front.call({ service: 'dynamodb', action, body, hasEmptyAnswer: true }, AbortSignal.timeout(callMs))
  const current = (): ItemWriter | undefined => (isThere ? writers.at(-1) : undefined)
  return {
    ...about,
    topic: `${connector}.${name}`,
    get owed() {
      return writers[0]?.written ?? []
    },
    get withheld() {
      return writers.slice(1).reduce((sum, { written }) => sum + written.length, 0)
    },
    contents: () => writers[0]?.contents() ?? new Map<string, string>(),
    get expected() {
      if (kind === 'remade' && writers.length > 1) return 'SOURCE_REPLACED'
      return isThere && isTagged ? 'RUNNING' : 'UNASSIGNED'
    },
    get writer() {
      return current()
    },
    make: async () => {
      const made = await call('CreateTable', {
        TableName: name,
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      })
      arn = String(member(member(made, 'TableDescription'), 'TableArn'))
      isThere = true
      writers.push(createItemWriter(items, { table: name, incarnation: writers.length + 1 }, rng))
    },
    tag: async () => {
      await call('TagResource', { ResourceArn: arn, Tags: [{ Key: tagKey, Value: connector }] })
      isTagged = true
    },
    untag: async () => {
      await call('UntagResource', { ResourceArn: arn, TagKeys: [tagKey] })
      isTagged = false
    },
    drop: async () => {
      const last = current()
      isThere = false
      isTagged = false
      await last?.close()
      await call('DeleteTable', { TableName: name })
    },
  }
}
