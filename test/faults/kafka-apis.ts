/** The numbers of Kafka's APIs, for `apiKey`. Others can be given as numbers. */
export const apiKeys = {
  Produce: 0,
  Fetch: 1,
  ListOffsets: 2,
  Metadata: 3,
  OffsetCommit: 8,
  OffsetFetch: 9,
  FindCoordinator: 10,
  JoinGroup: 11,
  Heartbeat: 12,
  LeaveGroup: 13,
  SyncGroup: 14,
  DescribeGroups: 15,
  ListGroups: 16,
  SaslHandshake: 17,
  ApiVersions: 18,
  CreateTopics: 19,
  DeleteTopics: 20,
  DeleteRecords: 21,
  InitProducerId: 22,
  AddPartitionsToTxn: 24,
  AddOffsetsToTxn: 25,
  EndTxn: 26,
  TxnOffsetCommit: 28,
  DescribeConfigs: 32,
  SaslAuthenticate: 36,
  CreatePartitions: 37,
  DeleteGroups: 42,
  IncrementalAlterConfigs: 44,
  DescribeTransactions: 65,
  ListTransactions: 66,
} as const

const names: ReadonlyMap<number, string> = new Map(Object.entries(apiKeys).map(([name, key]) => [key, name]))

/** The name of an API, or `api-<number>`. */
export function apiName(apiKey: number): string {
  return names.get(apiKey) ?? `api-${apiKey}`
}
