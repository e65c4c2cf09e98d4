import type { AwsApi } from '../aws/aws.ts'
import type { DynamoDbStreamsConfig } from '../config/source-config.ts'
import { createDynamoDbStreamsSource } from '../sources/dynamodb-streams/dynamodb-streams-source.ts'
import type { Source } from '../sources/source.ts'
import type { SourceParts } from './source-parts.ts'

/** Tables of one region of one account, over a connection to it. */
export function streamsSourceOf(config: DynamoDbStreamsConfig, api: AwsApi, parts: SourceParts): Source {
  const { clock, rng } = parts
  const { region, tables, tags, allowsKeysOnly, allowsOldImage } = config
  return createDynamoDbStreamsSource({
    api,
    clock,
    rng,
    region,
    tables,
    tags,
    alsoViewTypes: [
      ...(allowsKeysOnly ? (['KEYS_ONLY'] as const) : []),
      ...(allowsOldImage ? (['OLD_IMAGE'] as const) : []),
    ],
    alsoDisabled: parts.alsoDisabledStreams ?? false,
    polling: parts.pollIdleMaxMs === undefined ? {} : { idleCapMs: parts.pollIdleMaxMs },
    ...(parts.giveUpOn === undefined ? {} : { giveUpOn: parts.giveUpOn }),
    ...(parts.onEvent === undefined ? {} : { onEvent: parts.onEvent }),
  })
}
