import { confluentDynamoDb } from './confluent-dynamodb.ts'
import { kinesisSourceConnector, managedKinesisSource } from './kinesis-source.ts'
import { ownConnector } from './own-connector.ts'
import type { ConnectTranslator } from './translator.ts'
import { trustpilotConnector } from './trustpilot.ts'

/** Every connector whose configuration runs as a pipeline. A new one is one file and one line here. */
export const translators: readonly ConnectTranslator[] = [
  ownConnector,
  managedKinesisSource,
  kinesisSourceConnector,
  trustpilotConnector,
  confluentDynamoDb,
]
