import { entry } from './error-entry.ts'

/** What can be wrong with the topics in which a service keeps what it is to run. */
export const serviceLogErrors = {
  SERVICE_TOPIC_NOT_COMPACTED: entry(
    'refuse',
    'A topic of the service has a `cleanup.policy` other than `compact`: connectors, or what is told of them, would be deleted after a while.',
    'Set `cleanup.policy=compact` on the topic that the message names, or name another one.',
  ),
  SERVICE_LOG_PARTITIONS: entry(
    'refuse',
    'The topic of `config.storage.topic` has more than one partition: changes of connectors would have no order.',
    'Name another topic; one that does not exist is made with one partition.',
  ),
  SERVICE_LOG_FOREIGN: entry(
    'refuse',
    'The topic of `config.storage.topic` holds records of something else: of another service, of a Connect cluster, or of a pipeline.',
    'Name another topic, or give the service the `group.id` that it had. Connectors of a Connect cluster are created anew over REST.',
  ),
  SERVICE_LOG_LOST: entry(
    'refuse',
    'The topic of `config.storage.topic` is gone, empty, made anew or was cut off, although this service has run before: its connectors are not known any more.',
    'Restore the topic. Or give the service another `group.id` and topic and create the connectors again: pipelines go on where they were, their positions are in ledgers of their own.',
  ),
  SERVICE_LOG_UNREADABLE: entry(
    'retry',
    'A record in the topic of `config.storage.topic` cannot be read, so somebody else writes there. What is known runs on; nothing can be changed.',
    'Find out who writes there. Write a tombstone (no value) under the key that the message names, and change the connector again if it was one.',
  ),
  SERVICE_LOG_FORMAT: entry(
    'retry',
    'A record in the topic of `config.storage.topic` was written by a newer version of tailrace. What is known runs on; this process cannot change anything.',
    'Upgrade this process.',
  ),
}
