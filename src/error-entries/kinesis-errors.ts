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
}
