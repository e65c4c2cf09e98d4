import { z } from 'zod'
import { choice, defaulted, list, optional, text, trueOrFalse } from '../property.ts'

/** As Debezium names them: a path, and perhaps another name. */
const fieldName = z.string().regex(/^[\w.]+(?::\w+)?$/)

/** How records look. */
export const formatProperties = {
  'format.envelope': defaulted(
    choice(['debezium', 'flat', 'cloudevents', 'cloudevents-structured', 'dynamodb-json', 'trustpilot']),
    'debezium',
    {
      importance: 'high',
      isShared: true,
      documentation:
        "`debezium`: Debezium's envelope. `flat`: the item itself, a delete is a record without a value. `cloudevents`: CloudEvents with its attributes in headers; `cloudevents-structured`: in the value. `dynamodb-json`: the record as AWS gives it, typed and lossless. `trustpilot`: the record of Trustpilot's kafka-connect-dynamodb.",
    },
  ),
  'format.schemas.enable': defaulted(trueOrFalse, false, {
    importance: 'medium',
    isShared: true,
    documentation:
      'Wrap key and value as `{"schema":…,"payload":…}`, which Connect\'s JsonConverter and Debezium\'s transforms need.',
  }),
  'format.tombstones.on.delete': defaulted(trueOrFalse, true, {
    importance: 'medium',
    isShared: true,
    documentation: 'Write a record without a value after each delete, so that compaction forgets the item.',
  }),
  'format.number.mode': defaulted(choice(['exact', 'string', 'double']), 'exact', {
    importance: 'medium',
    isShared: true,
    documentation:
      '`exact` writes numbers as JSON numbers with all of their up to 38 digits; `string` as text, for readers that would round them; `double` as a reader with doubles would see them: **rounded**.',
  }),
  'format.binary.mode': defaulted(choice(['base64', 'base64-url', 'hex']), 'base64', {
    importance: 'low',
    isShared: true,
    documentation:
      'How JSON shows binaries of images. Keys and `dynamodb-json` always have base64; Avro and Protobuf have bytes.',
  }),
  'format.delete.tombstone.handling.mode': defaulted(
    choice(['drop', 'tombstone', 'rewrite', 'rewrite-with-tombstone', 'delete-to-tombstone']),
    'tombstone',
    {
      importance: 'medium',
      isShared: true,
      documentation:
        'What a delete becomes in the envelope `flat`, in Debezium\'s words: nothing; a record without a value; the item as it was with `__deleted: "true"`; that and a record without a value; a record without a value made of the delete itself.',
    },
  ),
  'format.add.fields': defaulted(
    list('a list of fields of the envelope, such as `op` or `source.ts_ms:event_ts`', fieldName, 0),
    [],
    {
      importance: 'medium',
      isShared: true,
      isOrdered: true,
      documentation:
        "Fields of Debezium's envelope that the envelope `flat` adds to the item, each with a new name behind a colon if it is to have one.",
    },
  ),
  'format.add.fields.prefix': defaulted(text('any text', z.string().max(64)), '__', {
    importance: 'low',
    isShared: true,
    documentation: 'Stands in front of the names that `format.add.fields` adds.',
  }),
  'format.add.headers': defaulted(
    list('a list of fields of the envelope, such as `op` or `source.ts_ms:event_ts`', fieldName, 0),
    [],
    {
      importance: 'medium',
      isShared: true,
      isOrdered: true,
      documentation: "Fields of Debezium's envelope that the envelope `flat` adds as headers.",
    },
  ),
  'format.add.headers.prefix': defaulted(text('any text', z.string().max(64)), '__', {
    importance: 'low',
    isShared: true,
    documentation: 'Stands in front of the names that `format.add.headers` adds.',
  }),
  'format.extras': defaulted(
    list(
      `a list of ${['changed_fields', 'ttl_delete', 'replicated', 'size_bytes', 'ingested_ms'].map((name) => `\`${name}\``).join(', ')}`,
      z.enum(['changed_fields', 'ttl_delete', 'replicated', 'size_bytes', 'ingested_ms']),
      0,
    ),
    [],
    {
      importance: 'medium',
      isShared: true,
      documentation:
        'What else is said of each change: which attributes it changed, whether time to live deleted the item, whether the write came from another replica of a global table (as far as the item tells), its size, and when tailrace processed it.',
    },
  ),
  'format.extras.in': defaulted(choice(['source', 'headers']), 'source', {
    importance: 'low',
    isShared: true,
    documentation:
      'Where `format.extras` stand: in `source` of the envelope (with `flat`, name them in `format.add.fields`), or in headers `tailrace.<name>`.',
  }),
  'format.trace.attribute': optional(text('the name of an attribute', z.string().min(1).max(255)), {
    importance: 'low',
    isShared: true,
    documentation:
      'Gives each record a header `traceparent` (W3C Trace Context): what this attribute of the item holds, or a trace of its own made of the id of the change.',
    defaultNote: 'no such header',
  }),
}
