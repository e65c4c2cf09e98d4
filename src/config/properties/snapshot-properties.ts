import { z } from 'zod'
import { choice, defaulted, integer, optional, text, trueOrFalse } from '../property.ts'
import { parseDailyWindow, parseScanCapacity } from '../snapshot-limits.ts'

/** How the items that a table already has get into its topic. */
export const snapshotProperties = {
  'snapshot.mode': defaulted(choice(['initial', 'never', 'always', 'only', 'when_needed']), 'initial', {
    importance: 'high',
    isShared: true,
    documentation:
      'When the items that a table holds already are written to its topic, merged with the changes of that time: `initial`, once, when the pipeline meets the table for the first time; `never`; `always`, also whenever the pipeline starts; `only`, as `initial`, but without the changes; `when_needed`, as `initial`, and whenever changes were lost: instead of standing still the table is scanned anew, and items that are gone get deletes. With `source.type: kinesis` there are no snapshots.',
    defaultNote: '`initial`; `never` with `source.type: kinesis`',
    from: ({ text: given }) => (given('source.type') === 'kinesis' ? 'never' : undefined),
  }),
  'snapshot.source': defaulted(choice(['scan', 'export', 'auto']), 'scan', {
    importance: 'medium',
    isShared: true,
    documentation:
      'Where the items of a table that is met for the first time come from: a `scan` of the table, merged with its changes; or, for giant tables, an `export` to a point in time, then exports of what changed since, and then the stream; or `auto`: an export where more changes may come than one process writes beside a scan. `export` and `auto` need `snapshot.export.bucket` and point-in-time recovery.',
  }),
  'snapshot.export.bucket': optional(text('the name of a bucket', z.string().min(3).max(255)), {
    importance: 'medium',
    isShared: true,
    documentation: 'The bucket to which DynamoDB exports tables, and from which they are read.',
  }),
  'snapshot.export.prefix': optional(text('a prefix of keys', z.string().min(1).max(1_024)), {
    importance: 'low',
    isShared: true,
    documentation: 'What the keys of exports begin with.',
    defaultNote: 'nothing',
  }),
  'snapshot.export.owner': optional(text('an AWS account id', z.string().regex(/^\d{12}$/)), {
    importance: 'low',
    isShared: true,
    documentation: "The account that owns the bucket, where it is not the table's.",
    defaultNote: 'the account of the credentials',
  }),
  'snapshot.export.format': defaulted(choice(['DYNAMODB_JSON', 'ION']), 'DYNAMODB_JSON', {
    importance: 'low',
    isShared: true,
    documentation: 'The format of exports. `ION` is read about ten times more slowly.',
  }),
  'snapshot.export.endpoint': optional(text('an address such as `http://localhost:9000`', z.string().url()), {
    importance: 'low',
    documentation: 'A server that speaks like S3, instead of S3.',
    defaultNote: "S3's own",
  }),
  'snapshot.skip.contained.changes': defaulted(trueOrFalse, false, {
    importance: 'low',
    isShared: true,
    documentation:
      'Leaves out changes that a row in front of them contains already, so that readers do not see an item go back while its table is snapshotted. **Then not every change is delivered.** Only for tables whose streams have both images of a change; the snapshot of any other is refused (`SNAPSHOT_IMAGES`).',
  }),
  'snapshot.segments': defaulted(integer(1, 1_000), 4, {
    importance: 'medium',
    documentation:
      'Parts in which a table is scanned, up to eight of them at the same time. Frozen for a snapshot when it begins. More are faster, as far as `snapshot.read.capacity` lets them.',
  }),
  'snapshot.read.capacity': defaulted(
    text(
      '`unlimited`, a share such as `50%`, or read capacity units per second',
      z.string().refine((value) => parseScanCapacity(value) !== undefined),
    ),
    '50%',
    {
      importance: 'high',
      documentation:
        "How much of a table's read capacity its scan may take: a share of what is provisioned (without effect on tables that are billed by request), units per second, or `unlimited`. Throttles slow it down further.",
    },
  ),
  'snapshot.items.per.second': optional(integer(1, 1_000_000), {
    importance: 'medium',
    documentation: 'Items of one table that are scanned per second at most.',
    defaultNote: 'no bound',
  }),
  'snapshot.window': optional(
    text(
      'two times of day, such as `22:00-06:00` (UTC)',
      z.string().refine((value) => parseDailyWindow(value) !== undefined),
    ),
    {
      importance: 'low',
      documentation:
        'The time of day, in UTC, in which tables are scanned. Their changes are streamed around the clock.',
      defaultNote: 'always',
    },
  ),
}
