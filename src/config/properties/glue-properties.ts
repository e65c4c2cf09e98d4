import { choice, defaulted, optional, pattern, text } from '../property.ts'
import { z } from 'zod'
import { isSafeUrl } from '../network-address.ts'

const medium = (documentation: string) => ({ importance: 'medium', documentation }) as const
const low = (documentation: string) => ({ importance: 'low', documentation }) as const

/** AWS Glue Schema Registry as the registry. Behind `schema.registry.glue.` names are as in AWS's serializers. */
export const glueProperties = {
  'schema.registry.type': defaulted(choice(['confluent', 'glue']), 'confluent', {
    ...medium(
      "What keeps the schemas: a registry that speaks Confluent's protocol, at `schema.registry.url`, or AWS Glue Schema Registry. Records are framed accordingly.",
    ),
    isShared: true,
  }),
  'schema.registry.glue.registry.name': defaulted(
    pattern('1 to 255 letters, digits, dashes, underscores, dots, dollar or number signs', /^[a-zA-Z0-9_$#.-]{1,255}$/),
    'default-registry',
    { ...medium('The registry of Glue. One of another name than the default must exist.'), isShared: true },
  ),
  'schema.registry.glue.region': optional(pattern('an AWS region', /^[a-z]{2,5}(-[a-z]{2,10}){1,3}-\d{1,2}$/), {
    ...low('The region of the registry.'),
    defaultNote: '`source.region`',
  }),
  'schema.registry.glue.endpoint': optional(
    text(
      'an http or https URL without a user name, not of a link-local address',
      z.string().max(2000).refine(isSafeUrl),
    ),
    {
      ...low("Where Glue's API is, instead of the endpoint of the region."),
      defaultNote: '`$AWS_ENDPOINT_URL_GLUE`, `$AWS_ENDPOINT_URL`',
    },
  ),
  'schema.registry.glue.compatibility': defaulted(
    choice(['NONE', 'DISABLED', 'BACKWARD', 'BACKWARD_ALL', 'FORWARD', 'FORWARD_ALL', 'FULL', 'FULL_ALL']),
    'BACKWARD',
    medium('Which versions may follow which, of schemas that tailrace makes; those that exist keep theirs.'),
  ),
  'schema.registry.glue.compression': defaulted(choice(['NONE', 'ZLIB']), 'NONE', {
    ...low('`ZLIB` packs each value by itself. Keys never are, since their bytes decide the partition.'),
    isShared: true,
  }),
}
