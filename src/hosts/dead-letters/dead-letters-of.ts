import type { PipelineConfig } from '../../config/pipeline-config.ts'
import type { NewTopic } from '../../kafka/kafka.ts'
import type { TopicProvisioner } from '../../pipeline/topic-provisioner.ts'
import { createDeadLetters } from '../stages/dead-letters.ts'
import type { DeadLetterTopic, DeadLetterTopicOptions } from '../stages/dead-letter-topic.ts'
import type { DeadLetters } from '../stages/stage-parts.ts'

/** Dead letters as the configuration wants them. */
export function deadLettersOf({ pipeline, errors }: PipelineConfig, topic: DeadLetterTopic): DeadLetters {
  const { tolerance, deadLetters } = errors
  return createDeadLetters({ pipeline, tolerance, hasContextHeaders: deadLetters.hasContextHeaders, topic })
}

/** Their topic, made by whoever needs it first. */
export function deadLetterTopicOf(
  config: PipelineConfig,
  parts: Omit<DeadLetterTopicOptions, 'name' | 'provide'> & { readonly topics: TopicProvisioner },
): DeadLetterTopicOptions {
  const { topics, ...rest } = parts
  const { name, ...how } = newDeadLetterTopic(config)
  return { ...rest, name, provide: (signal) => topics.provideOwn(name, signal, how) }
}

/** The dead-letter topic as it is made. */
export function newDeadLetterTopic({ errors }: PipelineConfig): NewTopic {
  const { topic: name, partitions, replicationFactor, retentionMs } = errors.deadLetters
  return {
    name,
    partitions,
    replicationFactor,
    config: { 'cleanup.policy': 'delete', 'retention.ms': String(retentionMs) },
  }
}
