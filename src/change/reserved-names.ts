/**
 * Names that belong to whoever keeps state in Kafka. A service (`tailrace serve`) has everything that begins with `tailrace.service.`: its topics, its
 * consumer group, its transactional ids. A pipeline of that name would have the same ones.
 */
const ofServices = 'tailrace.service.'

/** True for the name of a pipeline whose group or transactional ids would be those of a service. */
export function isNameOfServices(pipeline: string): boolean {
  return pipeline === 'service' || pipeline.startsWith('service.')
}

/** True for a consumer group that is a service's, or may become one. */
export function isGroupOfServices(group: string): boolean {
  return group.startsWith(ofServices)
}

/** True for a topic that is a service's, or may become one. */
export function isTopicOfServices(topic: string): boolean {
  return topic.startsWith(ofServices)
}

/** True for the topic in which some pipeline keeps its positions, unless it was told another one. */
export function isLedgerName(topic: string): boolean {
  return /^tailrace\..+\.ledger$/.test(topic)
}

/** True for topics that never hold records: one record in them, and whoever reads his state there cannot go on. */
export function isReservedTopic(topic: string): boolean {
  return isTopicOfServices(topic) || isLedgerName(topic)
}
