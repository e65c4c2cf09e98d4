import { describe, expect, it } from 'vitest'
import { tableOf } from '../../test/oracle/arbitrary-items.ts'
import type { Item } from '../change/attribute-value.ts'
import type { ChangeEvent } from '../change/change-event.ts'
import { itemKeyIdentity } from '../change/item-key.ts'
import type { StreamViewType } from '../change/table.ts'
import { TailraceError } from '../errors.ts'
import type { RoutedChange, TransformOutcome } from './change-transform.ts'
import { createReselect } from './reselect.ts'
import type { ReselectedItems } from './reselect.ts'

const never = new AbortController().signal
const keysOf = (id: string): Item => ({ pk: { S: id }, sk: { N: '1' } })

function change(id: string, more: Partial<ChangeEvent> = {}): RoutedChange {
  const event: ChangeEvent = {
    operation: 'MODIFY',
    keys: keysOf(id),
    oldImage: undefined,
    newImage: undefined,
    eventId: 'e',
    shardId: 's',
    sequenceNumber: '42',
    createdAtMs: 0,
    userIdentity: undefined,
    sizeBytes: 0,
    snapshot: undefined,
    ...more,
  }
  return { event, topic: undefined, headers: [] }
}

const stored: ReselectedItems = {
  read: (table, keys) =>
    Promise.resolve(
      new Map(
        keys
          .filter((key) => JSON.stringify(key).includes('there'))
          .map((key) => [itemKeyIdentity(key, table.keySchema) ?? '', { ...key, note: { S: 'now' } }]),
      ),
    ),
}

function apply(
  viewType: StreamViewType,
  changes: readonly RoutedChange[],
  items = stored,
): Promise<readonly TransformOutcome[]> {
  return createReselect(items).apply(changes, tableOf(viewType), never)
}

describe('re-reading', () => {
  it.each(['KEYS_ONLY', 'OLD_IMAGE'] as const)(
    'fills in new images where a stream of %s has none',
    async (viewType) => {
      const gone = change('x', { operation: 'REMOVE' })
      const row = change('there-2', { operation: 'READ', snapshot: 'true', shardId: '', sequenceNumber: '' })
      const outcomes = await apply(viewType, [change('there'), change('missing'), gone, row])
      expect(outcomes).toMatchObject([
        { changes: [{ event: { newImage: { ...keysOf('there'), note: { S: 'now' } }, reselected: 'found' } }] },
        { changes: [{ event: { newImage: undefined, reselected: 'missing' } }] },
        { changes: [{ event: gone.event }] },
        { changes: [{ event: { newImage: { note: { S: 'now' } }, reselected: 'found' } }] },
      ])
      expect(outcomes[2]?.kind === 'passed' && outcomes[2].changes[0]).toBe(gone)
    },
  )

  it('reads nothing where images are there, or promised', async () => {
    const nothing: ReselectedItems = { read: () => Promise.reject(new Error('was read')) }
    const full = change('there', { newImage: keysOf('there') })
    expect(await apply('NEW_IMAGE', [full, change('lost')], nothing)).toHaveLength(2)
    expect(await apply('KEYS_ONLY', [change('there', { operation: 'REMOVE' })], nothing)).toHaveLength(1)
  })

  it.each([
    ['TABLE_NOT_FOUND', 'passed'],
    ['RESELECT_REFUSED', 'failed'],
  ] as const)('takes items of a table that is gone for gone, and stops at a refusal: %s', async (code, kind) => {
    const failing: ReselectedItems = { read: () => Promise.reject(new TailraceError(code, 'no')) }
    const [outcome, kept] = await apply('KEYS_ONLY', [change('a'), change('b', { operation: 'REMOVE' })], failing)
    expect(outcome).toMatchObject(
      kind === 'passed'
        ? { kind, changes: [{ event: { reselected: 'missing' } }] }
        : { kind, error: { code, message: expect.stringContaining('sequence number 42') } },
    )
    expect(kept).toMatchObject({ kind: 'passed' })
  })

  it('passes on what is not about the table', async () => {
    const failing: ReselectedItems = { read: () => Promise.reject(new TailraceError('OUT_OF_FILE_HANDLES', 'no')) }
    await expect(apply('KEYS_ONLY', [change('a')], failing)).rejects.toMatchObject({ code: 'OUT_OF_FILE_HANDLES' })
  })
})
