import { z } from 'zod'
import { defaulted, list, optional, text } from '../property.ts'
import { oversizeStrategies } from '../oversize-strategies.ts'

/** What becomes of records that are larger than their topic takes. */
export const oversizeProperties = {
  'oversize.strategy': defaulted(
    list(
      'one of `fail`, `drop-before`, `claim-check-s3`, `chunk`, `dead-letter`, or a list of them in the order in which they are tried',
      z.enum(oversizeStrategies),
      1,
    ),
    ['fail'],
    {
      importance: 'medium',
      isShared: true,
      isOrdered: true,
      documentation:
        'What becomes of a change whose record is larger than its topic takes. `fail` stops its table; `drop-before` leaves the image before the change out; `claim-check-s3` puts the value into a bucket and sends its address; `chunk` cuts the value into several records, which compacted topics refuse; `dead-letter` sends the change to the dead letters, also where `errors.tolerance` is `none`. A list is tried in its order, each on the whole change; what is too large for all of them fails. See docs/oversized-records.md.',
    },
  ),
  'oversize.claim.check.bucket': optional(text('the name of a bucket', z.string().min(3).max(255)), {
    importance: 'medium',
    isShared: true,
    documentation:
      'The bucket for values that are too large. Its objects must live as long as the records that name them.',
  }),
  'oversize.claim.check.prefix': optional(text('a prefix of keys', z.string().min(1).max(500)), {
    importance: 'low',
    isShared: true,
    documentation: 'What the keys of these objects begin with; give it its own `/` at the end.',
    defaultNote: 'nothing',
  }),
  'oversize.claim.check.endpoint': optional(text('an address such as `http://localhost:9000`', z.string().url()), {
    importance: 'low',
    documentation: 'A server that speaks like S3, instead of S3.',
    defaultNote: "S3's own",
  }),
  'oversize.claim.check.owner': optional(text('an AWS account id', z.string().regex(/^\d{12}$/)), {
    importance: 'low',
    documentation: 'The account that must own the bucket; one of another owner is refused.',
    defaultNote: 'anybody',
  }),
}
