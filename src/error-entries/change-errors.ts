import { entry } from './error-entry.ts'

/** What can go wrong in front of the envelope: transforms, masks, routes. */
export const changeErrors = {
  TRANSFORM_FAILED: entry(
    'stop-table',
    'A transform could not be applied to a record: the code of a file in `transforms` threw an error or rejected, or one of the transforms by alias cannot deal with the record. The message names it.',
    'Look at the record at the position that the message names. Correct the file (`tailrace transform test` runs it on a sample) or the configuration (docs/transforms.md), and restart the workers: the table goes on with this record.',
  ),
  TRANSFORM_TIMEOUT: entry(
    'stop-table',
    'The code of a file in `transforms` did not come to an end with one change within `transform.timeout.ms`. Its thread was ended; nothing of it is left running.',
    'Look for an endless loop or a wait without a limit; raise `transform.timeout.ms` if it only needs longer.',
  ),
  TRANSFORM_MEMORY: entry(
    'stop-table',
    'The code of a file in `transforms` took more memory than `transform.memory.max.bytes` for one change, twice: the second time in a thread of its own.',
    'Look for what grows without a bound; raise `transform.memory.max.bytes` if it only needs more.',
  ),
  TRANSFORM_RESULT: entry(
    'stop-table',
    'The code of a file in `transforms` returned something that cannot be delivered: a value that DynamoDB does not have, a key attribute with another value, an image where there was none.',
    'The message names the place in what was returned. See docs/filters-and-code.md for what may be changed.',
  ),
  TRANSFORM_UNUSABLE: entry(
    'refuse',
    'A file in `transforms` does not exist, does not compile, fails when it is loaded, or exports no transform.',
    'Correct the file; `tailrace transform test` loads it, too. It needs a default export that is a function.',
  ),
  RESELECT_REFUSED: entry(
    'stop-table',
    'DynamoDB does not accept the request by which items of a table are read anew (`reselect`).',
    'Read what the message says; `reselect: off` delivers what the stream has.',
  ),
  MASK_KEY: entry(
    'refuse',
    'A rule in `mask.fields` masks a key attribute of a table. Keys decide partition and order of an item, and deletes could not be told apart.',
    'Take the attribute out of `mask.fields`, or the table out of the pipeline.',
  ),
  ROUTE_REFUSED: entry(
    'stop-table',
    'A change is to go to a topic that cannot be had: `route.rules` or a transform makes no legal name of it, the topic is the own one of another table or of the pipeline, somebody keeps state in it (`TOPIC_RESERVED`), or it does not exist and may not be created.',
    'Correct the rule, or create the topic, or allow its creation (`topic.create`). The message names what was wrong.',
  ),
  OUTPUT_TOPIC_CHANGED: entry(
    'stop-table',
    'A topic that changes are routed to, or that changes of a table in a Kinesis stream go to, is not as it was when records were written to it: it has another number of partitions, so that items would move between them, or it was deleted, or made anew. This is no fault of a record: it never becomes a dead letter.',
    'Stop the workers. If the number of partitions has changed, let readers come to the end of what is there. Then `tailrace topics accept --topic`: from there on the topic is written as it is now. Where it was made anew, `tailrace offsets reset --table` delivers again what the source still has.',
  ),
}
