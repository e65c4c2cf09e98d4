import type { Clock } from '../async/clock.ts'
import type { Table } from '../change/table.ts'
import { TailraceError } from '../errors.ts'
import { KafkaError } from '../kafka/kafka.ts'
import type { KafkaApi, NewTopic, TopicInfo } from '../kafka/kafka.ts'
import type { PipelineEventSink } from './pipeline-event.ts'

/** How the topics of tables are named and made. */
export interface TopicRules {
  /** Total: any table has a topic name. Empty for a stream whose changes go to the topics of their tables. */
  readonly nameOf: (table: Table) => string
  /** True for topics that must never hold records; asked each time, since some are known by who runs beside this pipeline. */
  readonly isReserved: (topic: string) => boolean
  /** Two tables may share a topic. */
  readonly isSharingAllowed: boolean
  readonly mayCreate: boolean
  readonly partitions: number
  readonly replicationFactor: number
  /** Topic properties at creation; an existing topic is left as it is. */
  readonly config: Readonly<Record<string, string>>
}

/** A topic that is there. */
export interface ProvidedTopic {
  readonly topic: string
  readonly partitions: number
  readonly id: string
}

/** How a topic that is no table's is made. */
export interface OwnTopic {
  readonly partitions: number
  readonly replicationFactor: number
  readonly config: Readonly<Record<string, string>>
}

/** Makes sure that topics are there before their tables are read. */
export interface TopicProvisioner {
  /** The topic that the configuration gives to a table; empty if none is the table's own. */
  nameOf(table: Table): string
  /** Throws TOPIC_RESERVED for a topic in which somebody's state is kept. What provides a topic asks this first. */
  refuseReserved(topic: string): void
  /** Throws TOPIC_COLLISION if two of the tables would meet in one topic and that was not asked for. */
  refuseCollisions(tables: readonly Table[]): void
  /** Why a table cannot be taken up beside others that do not collide: what `refuseCollisions` would throw. Undefined if it can. */
  refusalOf(table: Table, others: readonly Table[]): TailraceError | undefined
  /** The table's topic; created if missing and allowed, else TOPIC_MISSING. */
  provide(table: Table, signal: AbortSignal): Promise<ProvidedTopic>
  /** Another topic of the pipeline, of one partition unless told otherwise; made where it may be, else TOPIC_MISSING. */
  provideOwn(topic: string, signal: AbortSignal, how?: Partial<OwnTopic>): Promise<ProvidedTopic>
  /** A topic that changes are routed to; made as topics of tables are, else TOPIC_MISSING. */
  provideRouted(topic: string, signal: AbortSignal): Promise<ProvidedTopic>
  /** A topic as it is now; undefined if there is none. */
  look(topic: string, signal: AbortSignal): Promise<TopicInfo | undefined>
}

export function createTopicProvisioner(
  kafka: KafkaApi,
  rules: TopicRules,
  parts: { readonly clock: Clock; readonly onEvent: PipelineEventSink },
): TopicProvisioner {
  const look = async (topic: string, signal: AbortSignal): Promise<TopicInfo | undefined> =>
    (await kafka.topics([topic], signal)).get(topic)
  const create = async (topic: NewTopic, signal: AbortSignal): Promise<void> => {
    try {
      await kafka.createTopic(topic, signal)
      parts.onEvent({ kind: 'topic-created', topic: topic.name, partitions: topic.partitions })
    } catch (error) {
      if (!(error instanceof KafkaError && error.errorName === 'TOPIC_ALREADY_EXISTS')) throw error
    }
  }
  const provide = async (topic: NewTopic, missing: string, signal: AbortSignal): Promise<ProvidedTopic> => {
    const { name } = topic
    refuseReserved(name, rules)
    const existing = await look(name, signal)
    if (existing !== undefined) return { ...existing, topic: name }
    if (!rules.mayCreate) throw new TailraceError('TOPIC_MISSING', missing)
    await create(topic, signal)
    for (let attempt = 0; attempt < 100; attempt++) {
      const made = await look(name, signal)
      if (made !== undefined && made.partitions > 0) return { ...made, topic: name }
      await parts.clock.sleep(100, signal)
    }
    throw new TailraceError('TOPIC_MISSING', `topic ${name} was created but does not appear`)
  }
  return {
    refuseReserved: (topic) => refuseReserved(topic, rules),
    refuseCollisions: (tables) => {
      if (!rules.isSharingAllowed) refuseCollisions(tables, rules)
    },
    refusalOf: (table, others) => (rules.isSharingAllowed ? undefined : collisionOf(table, others, rules)),
    nameOf: rules.nameOf,
    look,
    provide: (table, signal) => {
      const name = rules.nameOf(table)
      if (name === '') return Promise.resolve({ topic: '', partitions: 0, id: '' })
      return provide(madeBy(rules, name), `topic ${name} of table ${table.name} does not exist`, signal)
    },
    provideRouted: (name, signal) => provide(madeBy(rules, name), `topic ${name} does not exist`, signal),
    provideOwn: (name, signal, how = {}) => {
      const usual = {
        partitions: 1,
        replicationFactor: rules.replicationFactor,
        config: { 'cleanup.policy': 'delete' },
      }
      return provide({ name, ...usual, ...how }, `topic ${name} does not exist`, signal)
    },
  }
}

function madeBy({ partitions, replicationFactor, config }: TopicRules, name: string): NewTopic {
  return { name, partitions, replicationFactor, config }
}

function refuseReserved(topic: string, { isReserved }: TopicRules): void {
  if (!isReserved(topic)) return
  const text = `topic ${topic} is a service's own or a pipeline's ledger, which records must not go to`
  throw new TailraceError('TOPIC_RESERVED', text, { details: { topic } })
}

function refuseCollisions(tables: readonly Table[], rules: TopicRules): void {
  const owners = new Map<string, Table>()
  for (const table of tables) {
    const topic = rules.nameOf(table)
    if (topic === '') continue
    const other = owners.get(topic)
    if (other !== undefined && other.arn !== table.arn) throw collision(other, table, topic)
    owners.set(topic, table)
  }
}

function collisionOf(table: Table, others: readonly Table[], { nameOf }: TopicRules): TailraceError | undefined {
  const topic = nameOf(table)
  const other = topic === '' ? undefined : others.find((one) => one.arn !== table.arn && nameOf(one) === topic)
  return other === undefined ? undefined : collision(other, table, topic)
}

function collision(other: Table, table: Table, topic: string): TailraceError {
  return new TailraceError(
    'TOPIC_COLLISION',
    `tables ${other.arn} and ${table.arn} would both be written to topic ${topic}`,
  )
}
