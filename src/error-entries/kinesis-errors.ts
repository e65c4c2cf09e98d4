import { entry } from './error-entry.ts'

/** What can go wrong at a Kinesis stream besides what AWS sources have in common. */
export const kinesisErrors = {
  STREAM_NOT_ACTIVE: entry(
    'retry',
    'A Kinesis stream is being created or deleted, so its shards cannot be listed yet, or any more.',
    'Nothing: tailrace waits until the stream is active, or gone.',
  ),
  POSITION_REFUSED: entry(
    'stop-table',
    'Kinesis does not take a position: its sequence number is of no record of the shard.',
    'Correct the position at which the configuration lets the shard begin, or the one that was set by hand.',
  ),
  AWS_KEY_UNUSABLE: entry(
    'retry',
    'The data are encrypted, and their KMS key cannot be used: the credentials may not decrypt with it, or it is disabled, about to be deleted or gone.',
    'Grant `kms:Decrypt` on the key that the message or the stream names, or enable the key; the worker goes on by itself.',
  ),
  SUBSCRIPTION_IN_USE: entry(
    'retry',
    'Another reader of the same consumer has subscribed to the shard, by enhanced fan-out, or did so less than five seconds ago.',
    'Nothing where a shard moves from one worker to another: the subscription is taken over after five seconds. If it does not end, two pipelines are the same consumer: give each a name of its own.',
  ),
  CONSUMER_LIMIT: entry(
    'retry',
    'The stream has as many registered consumers as it may have (20, or 50), or too many of them are being registered at once.',
    'Deregister a consumer that nobody needs, or read by polling; the worker goes on by itself.',
  ),
  DISTRIBUTION_AUTO: entry(
    'stop-table',
    "The stream's `RecordDistributionStrategy` is `AUTO`: it ignores partition keys, so changes of one item stand in any shard and cannot be put in order.",
    'Set it to `USER_PARTITION_KEY` and restart the workers; what was written meanwhile stays spread. Or accept changes out of order with `source.kinesis.repair: off`.',
  ),
  DESTINATION_INACTIVE: entry(
    'retry',
    "Changes of a wanted table do not go to the Kinesis stream: the table's Kinesis destination is disabled, could not be enabled, or was never there. They are lost to the pipeline.",
    'Enable the destination (`EnableKinesisStreamingDestination`) and load the items anew: what is changed meanwhile is in no stream.',
  ),
  REPLICATION_LOSS: entry(
    'retry',
    'DynamoDB has given up changes that it could not write into the Kinesis stream, by its own count (`FailedToReplicateRecordCount`): records of more than 1 MB, or what had waited for a week.',
    'Load the items of the table anew. Keep items small (many empty and boolean values grow in JSON), and the stream large enough that nothing waits.',
  ),
}
