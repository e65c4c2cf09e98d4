import { entry } from './error-entry.ts'

/** What can be wrong with records of a Kinesis stream besides what can be wrong with every change. */
export const kinesisRecordErrors = {
  RECORD_FOREIGN: entry(
    'stop-table',
    'The Kinesis stream holds a record that is no change of a DynamoDB table: somebody else writes into it.',
    'Give the changes a stream of their own, or let such records pass by `source.kinesis.foreign` (`dead-letter`, `pass`); `source.kinesis.records: raw` delivers every record of any stream as it is.',
  ),
  CHANGE_LATE: entry(
    'stop-table',
    'A change reached the Kinesis stream so late that newer changes of its item had been delivered already, and `source.kinesis.late` is `dead-letter`.',
    'Nothing must be done for readers that keep the newest state. Raise `source.kinesis.repair.window.ms` if changes are often that late.',
  ),
  TABLE_KEYS_UNKNOWN: entry(
    'stop-table',
    'The changes of a table in a Kinesis stream have two key attributes, and which of them is the hash key cannot be told: DescribeTable was refused, or answered for a table with other keys.',
    'Allow `dynamodb:DescribeTable` on the table, or name its keys in `source.kinesis.keys` (`orders:customer,order`: hash key first), and restart the workers.',
  ),
  PACKAGE_DAMAGED: entry(
    'stop-table',
    "A record of the Kinesis stream is a package of a producer's library (KPL) by its first bytes and its checksum, but what is inside cannot be taken apart.",
    'Look at the producer that wrote the record at the position that the message names. `source.kinesis.deaggregate: false` takes packages for ordinary records.',
  ),
}
