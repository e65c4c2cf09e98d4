import { z } from 'zod'
import { maxTagConditions, parseTagCondition } from '../../change/table-tags.ts'
import { regionOfStream } from '../kinesis-stream-name.ts'
import {
  choice,
  defaulted,
  derived,
  integer,
  list,
  optional,
  pattern,
  required,
  secretText,
  text,
  trueOrFalse,
} from '../property.ts'
import type { Given } from '../property.ts'
import { environmentEndpoint, serviceUrl } from '../service-endpoint.ts'
import { externalIdForm, parseAccount, regionForm, roleForm } from '../account-entry.ts'
import { isStartPosition } from '../start-position.ts'

const tableEntry =
  /^(?:[a-zA-Z0-9_.*?-]{1,255}|arn:aws[a-z-]*:dynamodb:[a-z0-9-]{1,40}:\d{12}:table\/[a-zA-Z0-9_.-]{3,255})$/

/** Where changes come from. */
export const sourceProperties = {
  'source.type': defaulted(choice(['dynamodb-streams', 'kinesis']), 'dynamodb-streams', {
    importance: 'high',
    isShared: true,
    documentation:
      'Where changes come from: `dynamodb-streams`, the streams that tables have themselves, or `kinesis`, a Kinesis data stream that tables are connected with.',
  }),
  'source.region': optional(pattern('an AWS region, such as `eu-west-1`', regionForm), {
    importance: 'high',
    isShared: true,
    documentation: 'The AWS region of the tables, or of the Kinesis stream.',
    defaultNote: 'that of the ARN in `source.kinesis.stream`; `$AWS_REGION`, `$AWS_DEFAULT_REGION`',
    from: ({ env, text: given }) =>
      regionOfStream(given('source.kinesis.stream') ?? '') ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'],
  }),
  'source.tables': required(
    list('a list of table names, patterns with `*` and `?`, or table ARNs', z.string().regex(tableEntry), 1),
    {
      importance: 'high',
      isShared: true,
      documentation:
        'The tables to stream: names, patterns (`"billing-*"`, quoted in YAML) or ARNs. A pattern also takes tables that are created later. Of a Kinesis stream: names or patterns of the tables whose changes are wanted; what it holds of others is left out.',
      defaultNote: '(required); `*` with `source.type: kinesis` or `source.tables.tags`',
      from: ({ text: given, isGiven }) =>
        given('source.type') === 'kinesis' || isGiven('source.tables.tags') ? '*' : undefined,
    },
  ),
  'source.tables.tags': optional(
    {
      type: 'list',
      schema: z
        .array(z.string().refine((one) => parseTagCondition(one) !== undefined))
        // An empty list would mean every table.
        .min(1)
        .max(maxTagConditions)
        .refine((all) => new Set(all.map((one) => parseTagCondition(one)?.key)).size === all.length),
      rule: 'a list of 1 to 50 tags, no key twice: `key`, `key=value` or `key=value1|value2`',
    },
    {
      importance: 'medium',
      isShared: true,
      documentation:
        'Tags that a table must have, all of them, to be streamed: `[cdc, "team=orders|billing"]` takes the tables with a tag `cdc`, whatever its value, and a tag `team` of one of two values. `source.tables` may be left out then; if it is given both must hold. Tables that get the tags later are taken up, and those that lose them are retired: see [operations](operations.md#tables-that-come-and-go).',
    },
  ),
  'source.tables.rediscovery.ms': defaulted(integer(1_000, 86_400_000), 60_000, {
    importance: 'low',
    documentation:
      'How often it is looked for tables that match only now, for those that match no more, and for streams that were replaced. Milliseconds.',
  }),
  'source.start': defaulted(
    text(
      '`TRIM_HORIZON`, `LATEST`, a time with its offset (`2026-01-31T12:00:00Z`), milliseconds since 1970, or (Kinesis) `AT_SEQUENCE_NUMBER` or `AFTER_SEQUENCE_NUMBER`',
      z.string().refine(isStartPosition),
    ),
    'TRIM_HORIZON',
    {
      importance: 'high',
      isShared: true,
      documentation:
        'Where a table begins that this pipeline has never read: the oldest change that DynamoDB still holds (24 hours), only new changes, or those from a time on (to the second). Without effect on tables that have a position. The same holds for the shards of a Kinesis stream; `AT_SEQUENCE_NUMBER` and `AFTER_SEQUENCE_NUMBER` take `source.kinesis.start.positions`.',
    },
  ),
  'source.gap': defaulted(choice(['stop']), 'stop', {
    importance: 'medium',
    isShared: true,
    documentation:
      'What happens when changes were trimmed before they were read: `stop` stops the table and says so. With `snapshot.mode: when_needed` a snapshot then takes it up again.',
  }),
  'source.allow.keys.only': defaulted(trueOrFalse, false, {
    importance: 'low',
    isShared: true,
    documentation:
      'Accept streams of view type `KEYS_ONLY`: records then hold keys, and readers cannot build the item.',
  }),
  'source.allow.old.image': defaulted(trueOrFalse, false, {
    importance: 'low',
    isShared: true,
    documentation: 'Accept streams of view type `OLD_IMAGE`: records then lack the state after the change.',
  }),
  'source.endpoint': optional(serviceUrl, {
    importance: 'low',
    documentation:
      'Where the DynamoDB API is, instead of the endpoint of the region (DynamoDB Local, a VPC endpoint). A Kinesis stream is at `source.kinesis.endpoint`.',
    defaultNote: '`$AWS_ENDPOINT_URL_DYNAMODB`, `$AWS_ENDPOINT_URL`',
    from: dynamodbEndpoint,
  }),
  'source.streams.endpoint': optional(serviceUrl, {
    importance: 'low',
    documentation: 'Where the DynamoDB Streams API is, instead of the endpoint of the region.',
    defaultNote:
      '`$AWS_ENDPOINT_URL_DYNAMODB_STREAMS`, `$AWS_ENDPOINT_URL`; else `source.endpoint` unless that is a host of AWS',
    from: (given) => besideDynamoDb(given, 'DYNAMODB_STREAMS'),
  }),
  'source.tagging.endpoint': optional(serviceUrl, {
    importance: 'low',
    documentation:
      'Where the Resource Groups Tagging API is, which finds tables by `source.tables.tags`, instead of the endpoint of the region.',
    defaultNote:
      '`$AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API`, `$AWS_ENDPOINT_URL`; else `source.endpoint` unless that is a host of AWS',
    from: (given) => besideDynamoDb(given, 'RESOURCE_GROUPS_TAGGING_API'),
  }),
  'source.access.key.id': optional(secretText('the id of an access key', z.string().regex(/^[\w.+=/-]{1,128}$/)), {
    importance: 'medium',
    documentation:
      "The id of the access key to read the source with, instead of what the AWS SDK's provider chain finds. Keys that expire are better.",
    defaultNote: "the AWS SDK's provider chain",
  }),
  'source.secret.access.key': optional(
    secretText('the secret of an access key', z.string().regex(/^(?!<.*>$)[!-~]{1,256}$/)),
    {
      importance: 'medium',
      documentation: 'The secret of `source.access.key.id`.',
    },
  ),
  'source.session.token': optional(secretText('a session token', z.string().regex(/^[!-~]{1,8192}$/)), {
    importance: 'low',
    documentation: 'The session token of a temporary `source.access.key.id`.',
  }),
  'source.accounts': defaulted(
    list(
      'a YAML list of entries of `region=…`, `role.arn=…` and `role.external.id=…`, separated by spaces',
      z.string().refine((entry) => parseAccount(entry) !== undefined),
      0,
    ),
    [],
    {
      importance: 'medium',
      isShared: true,
      documentation:
        'Several regions and accounts in one pipeline, an entry for each: `["region=eu-west-1", "region=us-east-1 role.arn=arn:aws:iam::111122223333:role/tailrace role.external.id=x"]`. What an entry does not say is `source.region`, and the credentials as they are. Names and patterns of `source.tables`, and tags, hold in each of them. See [operations](operations.md#several-regions-and-accounts).',
    },
  ),
  'source.role.arn': optional(pattern('the ARN of an IAM role', roleForm), {
    importance: 'medium',
    documentation:
      'A role to assume for reading the source, for tables of another account. Kafka credentials do not use it.',
  }),
  'source.role.external.id': optional(pattern('2 to 1224 letters, digits or `+=,.@:/-_`', externalIdForm), {
    importance: 'low',
    documentation: 'The external id that the role asks for.',
  }),
  'source.role.session.name': derived(
    pattern('2 to 64 letters, digits or `+=,.@-_`', /^[\w+=,.@-]{2,64}$/),
    '`tailrace-<pipeline>`, cut to 64 characters',
    {
      importance: 'low',
      documentation: "The name of the role's session, as CloudTrail shows it.",
      from: ({ pipeline }) => `tailrace-${pipeline}`.slice(0, 64),
    },
  ),
}

function dynamodbEndpoint({ env }: Given): string | undefined {
  return environmentEndpoint(env, 'DYNAMODB')
}

/** A substitute for AWS serves all APIs at one address; AWS's own hosts (VPC endpoints too) serve one each. */
function besideDynamoDb(given: Given, service: string): string | undefined {
  const fromEnvironment = environmentEndpoint(given.env, service)
  const endpoint = given.text('source.endpoint') ?? dynamodbEndpoint(given)
  if (fromEnvironment !== undefined || endpoint === undefined) return fromEnvironment
  const host = URL.parse(endpoint)?.hostname ?? ''
  return /\.amazonaws\.com(\.cn)?$|\.api\.aws$/.test(host) ? undefined : endpoint
}
