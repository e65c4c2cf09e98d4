import { z } from 'zod'
import { choice, defaulted, integer, list, optional, secretText, text } from '../property.ts'

const operations = ['INSERT', 'MODIFY', 'REMOVE', 'READ'] as const

/** What becomes of changes in front of the envelope, in the order in which it is done. */
export const changeProperties = {
  'filter.exclude.tables': defaulted(
    list('a list of names or patterns (`*`, `?`) of tables', z.string().regex(/^[\w.*?-]{1,255}$/), 0),
    [],
    {
      importance: 'medium',
      isShared: true,
      documentation: 'Tables that `source.tables` names or matches and that are left out all the same.',
    },
  ),
  'filter.operations': defaulted(
    list('a list of `INSERT`, `MODIFY`, `REMOVE`, `READ`', z.enum(operations), 1),
    operations,
    {
      importance: 'medium',
      isShared: true,
      documentation:
        'The operations that are delivered. `READ` stands for the rows of snapshots: without it a snapshot delivers nothing.',
    },
  ),
  'filter.condition': optional(text('a condition of 1 to 4,000 characters', z.string().min(1).max(4_000)), {
    importance: 'medium',
    isShared: true,
    documentation:
      "Which changes are delivered, in the language of DynamoDB's filters: `status = 'open' AND size(lines) > 0`. Attributes are those of the new image, of a delete those of the old one; `$old.x`, `$new.x`, `$table` and `$operation` can be asked for, too. A change whose images were not captured is delivered if the condition cannot be judged by its keys.",
    defaultNote: 'all',
  }),
  'filter.leaving': defaulted(choice(['drop', 'delete']), 'drop', {
    importance: 'medium',
    isShared: true,
    documentation:
      'What becomes of a change with which an item leaves `filter.condition`. `drop`: nothing is delivered, and the item stays downstream as it last was. `delete`: a delete is delivered in its place, so that a compacted topic holds the items that meet the condition, and no others.',
  }),
  reselect: defaulted(choice(['off', 'missing-images']), 'off', {
    importance: 'medium',
    isShared: true,
    documentation:
      'With `missing-images` items are read anew, consistently, where a stream has no new images (`KEYS_ONLY`, `OLD_IMAGE`), and such streams are accepted. What is read may be newer than the change. Needs `dynamodb:BatchGetItem`.',
  }),
  'transform.timeout.ms': defaulted(integer(10, 600_000), 10_000, {
    importance: 'medium',
    documentation:
      'How long the files in `transforms` may take for one change, all together. What takes longer is ended, and the change fails with `TRANSFORM_TIMEOUT`.',
  }),
  'transform.memory.max.bytes': defaulted(integer(16_777_216, 17_179_869_184), 268_435_456, {
    importance: 'medium',
    documentation:
      'How large the heap of the thread may become in which the files in `transforms` run. Buffers and typed arrays lie outside of it and are not counted.',
  }),
  'mask.fields': defaulted(list('a list of `table.path=method`', z.string().min(1).max(2_000), 0), [], {
    importance: 'medium',
    isShared: true,
    isOrdered: true,
    documentation:
      'Values that are replaced in all images: `orders.customer.email=hmac`. Methods: `null`, `fixed(text)`, `hash` (SHA-256), `hmac` (HMAC-SHA-256 with `mask.hmac.key`), `remove`. Tables are names or patterns; in paths `*` stands for every member of a map and `[*]` for every element of a list. Key attributes cannot be masked.',
  }),
  'mask.hmac.key': optional(secretText('16 to 4,096 characters', z.string().min(16).max(4_096)), {
    importance: 'medium',
    documentation:
      'The key of `hmac`. All workers must have the same; another key gives other values from then on. It is no part of the fingerprint.',
  }),
  'route.rules': defaulted(list('a list of `condition => topic`', z.string().min(1).max(4_500), 0), [], {
    importance: 'medium',
    isShared: true,
    isOrdered: true,
    documentation:
      "Topics by content: `total >= 100 => {prefix}.large.{country}`. The first rule whose condition holds decides; without one a change goes to its table's topic. In the topic stand `{prefix}`, `{table}`, `{region}`, `{account}`, and attributes that are texts or numbers.",
  }),
}
