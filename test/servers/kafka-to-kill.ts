import type { MavenArtifacts } from '../../src/hosts/demo/maven-artifacts.ts'

/**
 * The broker for tests that kill a broker: Apache Kafka 4.2.0, the newest one without KAFKA-20734. From 4.3.0 on (seen
 * with 4.4.0), a coordinator that comes back while partitions have no leader takes them for deleted, drops the markers
 * of a transaction whose commit it had acknowledged, and calls it complete. Its records stay open, and the next
 * transaction of the same producer decides about them as well: what was committed is read twice, or not at all. One
 * broker without replicas runs into it at about every tenth kill; nothing a client does can prevent it.
 */
export const kafkaToKill: MavenArtifacts = {
  title: 'Apache Kafka 4.2.0',
  name: 'kafka-4.2.0',
  coordinates: ['org.apache.kafka:kafka_2.13:4.2.0', 'org.apache.logging.log4j:log4j-slf4j-impl:2.24.3'],
}
