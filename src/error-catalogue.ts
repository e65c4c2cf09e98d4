import { changeErrors } from './error-entries/change-errors.ts'
import { entry } from './error-entries/error-entry.ts'
import type { ErrorEntry } from './error-entries/error-entry.ts'
import { kinesisErrors } from './error-entries/kinesis-errors.ts'
import { kinesisRecordErrors } from './error-entries/kinesis-record-errors.ts'
import { lambdaErrors } from './error-entries/lambda-errors.ts'
import { packageErrors } from './error-entries/package-errors.ts'
import { schemaErrors } from './error-entries/schema-errors.ts'
import { schemaRegistryErrors } from './error-entries/schema-registry-errors.ts'
import { serviceErrors } from './error-entries/service-errors.ts'
import { serviceLogErrors } from './error-entries/service-log-errors.ts'
import { takeOverErrors } from './error-entries/take-over-errors.ts'

/** Every code that tailrace can show, with policy, cause and remedy. Codes are never renamed or re-used. */
export const errorCatalogue = {
  // --- configuration ---
  CONFIG_UNREADABLE: entry(
    'refuse',
    'The configuration file does not exist, cannot be read, or is not YAML.',
    'Check the path and the syntax at the line that the message names.',
  ),
  CONFIG_INVALID: entry(
    'refuse',
    'A property is unknown, missing, of the wrong type, or contradicts another one.',
    'Correct the properties that the message lists; `tailrace config docs` prints the reference.',
  ),
  SECRET_UNAVAILABLE: entry(
    'refuse',
    'A `${env:…}`, `${file:…}`, `${secretsmanager:…}` or `${ssm:…}` reference cannot be resolved, or is outside the allow list.',
    'Set the variable, the file or the secret, or let it be read; what the allow list lacks belongs into `secrets.allow`.',
  ),
  FILE_EXISTS: entry(
    'refuse',
    'The file that a command should write exists already.',
    'Name another file, or move the present one away; tailrace overwrites none.',
  ),
  FILE_UNWRITABLE: entry('refuse', 'A file cannot be written.', 'Check the folder and its permissions.'),
  USAGE: entry('refuse', 'The command line is not understood.', 'See `tailrace <command> --help`.'),

  // --- AWS ---
  TABLE_NOT_FOUND: entry(
    'refuse',
    'A configured table or Kinesis stream does not exist in the region and account, or no table matches the pattern or has the tags now.',
    "Check the name, the region and the credentials' account. Tables that match a pattern or get the tags later are taken up by a pipeline that runs.",
  ),
  STREAM_DISABLED: entry(
    'refuse',
    'The table has no enabled stream.',
    'Enable DynamoDB Streams on the table (view type NEW_AND_OLD_IMAGES).',
  ),
  STREAM_VIEW_TYPE: entry(
    'refuse',
    "The stream's view type carries no new image, so readers could not build the item's state.",
    'Use NEW_AND_OLD_IMAGES (or NEW_IMAGE), or set `source.allow.keys.only` or `source.allow.old.image` to accept it.',
  ),
  SCAN_REFUSED: entry(
    'stop-table',
    "DynamoDB does not accept the scan of a table: a filter that it cannot read, or a position that is none of the table's keys.",
    'Read what the message says; correct the filter and begin the snapshot again.',
  ),
  SNAPSHOT_KEYS: entry(
    'stop-table',
    'A snapshot was to delete items that a table has no longer, and the topic holds keys in another form than the configuration gives them now (another key schema, `format.number.mode` or `format.schemas.enable`).',
    'Write into a new topic, or give the configuration the form that the topic has, and begin the snapshot again.',
  ),
  SNAPSHOT_IMAGES: entry(
    'stop-table',
    "`snapshot.skip.contained.changes` is on, and the table's stream has not both images of each change. Which changes a row contains cannot be told there, so the snapshot does not begin; the table's changes go on.",
    'Switch the property off, or give the table a stream with NEW_AND_OLD_IMAGES.',
  ),
  SNAPSHOT_PARKED: entry(
    'stop-table',
    "While a table is snapshotted, one process reads all of its changes, and this table's come faster than that. The snapshot stands still, and the shards are spread over all workers again.",
    'Go on with it at a quieter time, or begin from a point-in-time export.',
  ),
  SIGNAL_INVALID: entry(
    'refuse',
    'A signal is no JSON, too large, of an unknown type, or its data are wrong. It was passed over; nothing was done.',
    'Send it again as docs/signals.md shows it.',
  ),
  SIGNAL_TABLE_UNKNOWN: entry(
    'refuse',
    'A signal names a table that the pipeline does not have. It was passed over; nothing was done.',
    'Send it again with names, ARNs or patterns of tables that `tailrace status` shows.',
  ),
  SIGNAL_REFUSED: entry(
    'refuse',
    'A signal makes no sense at this moment: a snapshot that is to begin is running already, or one that is to rest is not.',
    'Look at `tailrace snapshot status`, and send it again if it is still wanted.',
  ),
  SIGNAL_FILE: entry(
    'retry',
    'The file of `signal.file`, or its folder, cannot be read or written. Its signals wait.',
    'Let the worker read, rename and remove files in that folder; keep the file below 16 MiB.',
  ),
  AWS_ACCESS_DENIED: entry(
    'retry',
    'The credentials may not perform the action that the message names.',
    'Grant the action on the resource; the worker goes on by itself once it is granted.',
  ),
  AWS_CREDENTIALS: entry(
    'retry',
    'No AWS credentials were found, or they have expired or are not valid.',
    'Renew the credentials; the worker picks new ones up by itself.',
  ),
  AWS_THROTTLED: entry('retry', 'AWS asked for fewer requests.', 'Nothing: tailrace backs off and goes on.'),
  AWS_UNREACHABLE: entry(
    'retry',
    'The AWS endpoint did not answer, answered with a server error, or the answer was cut off.',
    'Check the endpoint, the region and the network; tailrace retries for ever.',
  ),
  AWS_REGION: entry(
    'refuse',
    'The region is missing, or the ARN of the table or stream belongs to another region.',
    'Set `source.region` to the region of the table or stream.',
  ),
  AWS_RESPONSE: entry(
    'retry',
    'An AWS answer could not be understood (truncated, wrong checksum, or not JSON).',
    'Nothing: the request is repeated. If it persists, look for a proxy between tailrace and AWS.',
  ),
  ITERATOR_EXPIRED: entry(
    'retry',
    'A shard iterator was older than 15 minutes (of a Kinesis stream: 5).',
    'Nothing: the shard is taken up again after its last accepted change.',
  ),
  STREAM_GAP: entry(
    'stop-table',
    'Changes were trimmed (after 24 hours; of a Kinesis stream, after its retention) before they were read, or may have been: data may be missing downstream.',
    'Decide: `tailrace snapshot start` takes up what is left and scans the table anew, which makes up for what was lost; `tailrace offsets reset` only takes up what is left. With `snapshot.mode: when_needed` the former happens by itself.',
  ),
  SHARD_NOT_FOUND: entry('stop-table', 'A shard that was not read to its end no longer exists.', 'As for STREAM_GAP.'),
  STREAM_NOT_FOUND: entry(
    'stop-table',
    'The stream that is being read no longer exists: it was disabled, or its table deleted, more than 24 hours ago.',
    'As for STREAM_GAP.',
  ),
  SEQUENCE_ORDER: entry(
    'stop-table',
    'A shard gave a sequence number that is not greater than the one before it.',
    'Report it: the service promises increasing sequence numbers within a shard.',
  ),
  SOURCE_REPLACED: entry(
    'stop-table',
    'The table or its stream was deleted and made anew since the pipeline began.',
    'Decide what downstream should hold: `tailrace snapshot start` goes on with the new table, scans it, and deletes what is gone; `tailrace offsets reset --table` goes on without deletes.',
  ),

  ...kinesisErrors,

  // --- objects and exports ---
  OBJECT_MISSING: entry(
    'stop-table',
    'An object does not exist in its bucket.',
    'Check the bucket and the key that the message names.',
  ),
  BUCKET_MISSING: entry(
    'stop-table',
    'A bucket does not exist.',
    'Check the name of the bucket, and the endpoint if it is not AWS itself.',
  ),
  OBJECT_CHANGED: entry(
    'stop-table',
    'An object was replaced by another one while it was read.',
    'Find out who writes into the bucket; then begin again.',
  ),
  OBJECT_REFUSED: entry(
    'stop-table',
    'The object store does not give or take an object for a reason of its own: it is archived, its key is disabled, or its name is not valid.',
    'See the error name in the message; restore the object or enable its key.',
  ),
  EXPORT_REFUSED: entry(
    'stop-table',
    'DynamoDB does not accept the request for an export of a table.',
    'Enable point-in-time recovery on the table, and ask for a time within its window: a full export at most 35 days back, an incremental one of 15 minutes to 24 hours. The message holds what the service says.',
  ),
  EXPORT_FAILED: entry(
    'stop-table',
    'DynamoDB began an export but could not end it; some of its files may lie in the bucket.',
    'The message holds the reason, mostly that the bucket or its key may not be written to. Mend it and ask for a new export.',
  ),
  EXPORT_MISSING: entry(
    'stop-table',
    'An export is not known to DynamoDB (any more), or its manifest or one of its data files is not in the bucket.',
    'Look for a lifecycle rule of the bucket that deletes files early, and ask for a new export.',
  ),
  EXPORT_INVALID: entry(
    'stop-table',
    'A manifest or data file of an export is not what its checksum, its counts or its format say. Nothing of a file whose checksum is wrong was used.',
    'Ask for a new export. Nobody but DynamoDB should write below its prefix.',
  ),
  EXPORT_FOREIGN: entry(
    'stop-table',
    'An export is of another table, or of an earlier table of the same name.',
    'Name an export of the table as it is now.',
  ),
  EXPORT_GAP: entry(
    'stop-table',
    'Two exports do not follow on one another: an incremental one must begin at the very time at which the one before ends.',
    'Export the interval that the message names, or begin with a new full export.',
  ),

  // --- records ---
  RECORD_UNREADABLE: entry(
    'stop-table',
    'A change could not be decoded: it has an unknown type or shape.',
    'Look at the record at the position that the message names.',
  ),
  RECORD_TOO_LARGE: entry(
    'stop-table',
    'A record is larger than the broker or the topic accepts.',
    'Raise `max.message.bytes` of the topic (and of the broker), or choose an `oversize.strategy`.',
  ),
  OVERSIZE_COMPACTED: entry(
    'stop-table',
    'A record that is too large is to be cut into parts, and its topic is compacted: only the last part would stay.',
    'Choose another `oversize.strategy`, or give the topic `cleanup.policy=delete`.',
  ),
  DEAD_LETTER_UNWRITABLE: entry(
    'stop-table',
    'A record cannot pass and was to become a dead letter, but the dead-letter topic cannot be written: it does not exist and may not be made, the rights are missing, it is compacted, it is the topic of a table, or it takes no records of any use.',
    'Mend what the message names (the topic of `errors.deadletterqueue.topic.name`), or the record itself; the table is tried again when a worker is restarted.',
  ),
  TOPIC_COLLISION: entry(
    'refuse',
    'Two tables would be written into one topic.',
    'Change `topic.name`, or set `topic.shared: true` if this is wanted.',
  ),

  TOPIC_RESERVED: entry(
    'refuse',
    "Records would go to a topic in which somebody's state is kept: a service's (`tailrace.service.…`, or what its file says), or the ledger of a pipeline. One record there, and the service or the pipeline could not read its state any more.",
    'Give the topic another name: `topic.name`, `topic.prefix`, `tables.<table>.topic.name`, or the property that the message names.',
  ),
  TOPIC_RENAMED: entry(
    'refuse',
    'The configuration gives a table another topic than the one that the pipeline has written it to so far.',
    'Give the table its old topic back, or start a pipeline with another name for the new one.',
  ),

  // --- schema registry ---
  ...schemaRegistryErrors,
  ...schemaErrors,
  ...changeErrors,
  ...lambdaErrors,
  ...packageErrors,
  ...kinesisRecordErrors,
  ...serviceErrors,
  ...serviceLogErrors,
  ...takeOverErrors,

  // --- Kafka ---
  KAFKA_UNREACHABLE: entry(
    'retake',
    'No broker answered, or the connection broke.',
    'Check `bootstrap.servers` and the network; a running worker retries for ever.',
  ),
  KAFKA_TLS: entry(
    'retake',
    'The TLS handshake with the broker failed.',
    'Check `security.protocol` and the `ssl.*` properties (trusted CA, host name, client certificate).',
  ),
  KAFKA_AUTHENTICATION: entry(
    'retake',
    'The broker refused the SASL credentials or the mechanism.',
    'Check `sasl.mechanism` and the credentials.',
  ),
  KAFKA_AUTHORIZATION: entry(
    'retake',
    'The Kafka principal may not use a topic, a group or a transactional id; the message names it.',
    'Grant the ACL that the message names.',
  ),
  KAFKA_TIMEOUT: entry('retake', 'A broker did not answer in time.', 'Nothing: the lane is taken again.'),
  KAFKA_PROTOCOL: entry(
    'retake',
    'A broker answered with an error that tailrace does not expect at this place.',
    'Nothing: the lane is taken again. If it persists, the message names the API and the error.',
  ),
  KAFKA_FENCED: entry(
    'retake',
    'A newer owner has taken the lane, or the transaction timed out.',
    'Nothing: this is how a lane changes hands.',
  ),
  KAFKA_MARKERS_LOST: entry(
    'retake',
    'A broker has lost the marker that ends a transaction of this lane (a known defect of Kafka 4.3 and 4.4 after all replicas of a partition were down at once). Whether its records count cannot be told from here.',
    'Look at the partition with `kafka-transactions.sh describe-producers` and end its transaction with `kafka-transactions.sh abort`; the lane then goes on by itself.',
  ),
  TRANSACTION_IN_DOUBT: entry(
    'retake',
    'A transaction failed or its outcome is unknown.',
    'Nothing: the ledger says what was committed; the lane goes on from there.',
  ),
  TOPIC_MISSING: entry(
    'refuse',
    'A topic does not exist and `topic.create` is off, or its creation was refused.',
    'Create the topic, or allow its creation.',
  ),
  TOPIC_REPLACED: entry(
    'stop-worker',
    'The topic of a table was deleted and made anew: what had been delivered to it is gone.',
    'Stop the workers, then `tailrace offsets reset --table`: it takes the new topic up, with what the stream has left. Or `tailrace topics accept --topic`: it goes on where the old one ended.',
  ),
  TOPIC_PARTITIONS_CHANGED: entry(
    'stop-worker',
    'The partition count of a topic changed under a running pipeline: items would move between partitions.',
    'Stop the workers, let readers come to the end of what is there, then `tailrace topics accept --topic`: from there on items may be in another partition than before. Or start a new pipeline.',
  ),

  // --- ledger ---
  LEDGER_FOREIGN: entry(
    'refuse',
    'The ledger topic belongs to another pipeline or another cluster.',
    'Give the pipeline its own name, or its own `ledger.topic`.',
  ),
  LEDGER_LOST: entry(
    'refuse',
    'The ledger is empty, truncated or recreated, although this pipeline has run before.',
    'Restore the topic, or start over with `tailrace delete` and a decision about what downstream holds.',
  ),
  LEDGER_NOT_COMPACTED: entry(
    'refuse',
    'The ledger topic has a `cleanup.policy` other than `compact`: positions would be deleted.',
    'Set `cleanup.policy=compact` on the ledger topic.',
  ),
  LEDGER_LANES: entry(
    'refuse',
    "The configured number of lanes differs from the ledger's partitions.",
    'Set `lanes` to what the message says; it is fixed for the life of a pipeline.',
  ),
  LEDGER_CORRUPT: entry(
    'refuse',
    'A ledger entry fails its checksum or cannot be read.',
    'Do not repair by hand. Keep the topic, and start over with `tailrace delete`.',
  ),
  LEDGER_FORMAT: entry('stop-worker', 'The ledger was written by a newer version of tailrace.', 'Upgrade this worker.'),
  CONFIG_CONFLICT: entry(
    'refuse',
    'Another worker runs this pipeline with a different configuration of the same epoch.',
    'Give all workers the same file; raise `epoch` with each change.',
  ),
  CONFIG_OUTDATED: entry(
    'stop-worker',
    'The pipeline has moved on to a newer configuration epoch.',
    'Start this worker with the newer file.',
  ),
  PIPELINE_ACTIVE: entry(
    'refuse',
    'The command needs the pipeline to stand still, but workers are running.',
    'Stop all workers first.',
  ),

  PIPELINE_UNKNOWN: entry(
    'refuse',
    'The pipeline has no ledger on this cluster: it has never run there, or was deleted.',
    'Check `pipeline`, `ledger.topic` and the brokers; `tailrace run` makes the ledger.',
  ),
  OFFSET_OUT_OF_RANGE: entry(
    'refuse',
    'A topic does not hold the offset that was asked for: it was deleted by retention, or does not exist yet.',
    'Ask for `beginning`, `end`, or an offset within the range that the message names.',
  ),

  // --- ourselves ---
  LISTEN_FAILED: entry(
    'refuse',
    'The address of `http.listen` cannot be used: it is not of this machine, or the port needs more rights.',
    'Choose another address (port 0 takes any free one), or `off`.',
  ),
  RUNTIME_TOO_OLD: entry('refuse', 'Node.js is older than 22.22.', 'Install a newer Node.js, or use `npx -p node@24`.'),
  LOCAL_SERVER: entry(
    'refuse',
    'A local server of the demo or the tests (Kafka, DynamoDB Local) could not be installed or started.',
    "Java 17 and Maven must be on the PATH; the message holds the end of the server's log.",
  ),
  OUT_OF_FILE_HANDLES: entry(
    'stop-worker',
    'The process, or the machine, may not open another file or connection (EMFILE, ENFILE).',
    "Raise the limit (`ulimit -n`, `LimitNOFILE`, the container's `nofile`): 1,024 are plenty for most pipelines. Whoever supervises the worker starts it again; others take its lanes meanwhile.",
  ),
  DECISION_OUTDATED: entry(
    'retry',
    'Two duties of the coordinator decided about one table at the same moment; the later one decides anew.',
    'Nothing has to be done.',
  ),
  INTERNAL: entry('stop-worker', 'A promise inside tailrace was broken.', 'Please report it with the log.'),
} as const satisfies Record<string, ErrorEntry>

/** The name of one documented kind of failure. */
export type ErrorCode = keyof typeof errorCatalogue
