import {
  isGroupOfServices,
  isLedgerName,
  isNameOfServices,
  isReservedTopic,
  isTopicOfServices,
} from '../change/reserved-names.ts'
import { namedTopics } from './named-topics.ts'
import type { NamedTopic } from './named-topics.ts'
import type { PipelineConfig } from './pipeline-config.ts'
import type { Problem } from './problem.ts'
import type { Families } from './property-family.ts'
import type { PropertyValues } from './properties.ts'

/** What a configuration must leave alone besides what its own names say. */
export interface ReservedSurroundings {
  readonly families: Families
  readonly whereOf: (name: string) => string | undefined
  /** Topics of the service that runs it, if one does. */
  readonly ownTopics: readonly string[]
}

/**
 * Names that are somebody's state: a pipeline that takes part in a service's group, or writes into its topics, ends the service, and one that writes
 * into a ledger ends the pipeline whose ledger it is. Names that only a table or a change will tell are looked at when they are there.
 */
export function reservedProblems(
  config: Pick<PipelineConfig, 'values' | 'overrides'>,
  around: ReservedSurroundings,
): readonly Problem[] {
  const { values } = config
  // Everything else that is named after it would be wrong, too.
  if (isNameOfServices(values.pipeline)) return [pipelineProblem(around)]
  return [...nameProblems(values, around), ...topicProblems(config, around)]
}

function pipelineProblem({ whereOf }: ReservedSurroundings): Problem {
  const text =
    'pipeline is service, or begins with service.: such a pipeline would have the consumer group and the transactional ids of a service (tailrace serve); give it another name'
  return { name: 'pipeline', where: whereOf('pipeline'), text }
}

function nameProblems(values: PropertyValues, { whereOf, ownTopics }: ReservedSurroundings): readonly Problem[] {
  const problem = (name: 'group.id' | 'ledger.topic', text: string): Problem => ({
    name,
    where: whereOf(name),
    text: `${name} ${text}`,
  })
  const ledger = values['ledger.topic']
  return [
    ...(isGroupOfServices(values['group.id'])
      ? [problem('group.id', 'begins with tailrace.service.: such groups are those of services (tailrace serve)')]
      : []),
    ...(isTopicOfServices(ledger) || ownTopics.includes(ledger)
      ? [problem('ledger.topic', 'names a topic of a service')]
      : []),
  ]
}

function topicProblems(
  config: Pick<PipelineConfig, 'values' | 'overrides'>,
  { families, whereOf, ownTopics }: ReservedSurroundings,
): readonly Problem[] {
  const ledger = config.values['ledger.topic']
  const found = new Map<string, Problem>()
  for (const { property, topic, isWhole } of [...namedTopics(config), ...replacements(families)]) {
    const isOwnLedger = isWhole && topic === ledger
    if (isOwnLedger && comparedWithLedger.has(property)) continue
    if (!isOwnLedger && !isReservedTopic(topic) && !(isWhole && ownTopics.includes(topic))) continue
    const what = isOwnLedger || isLedgerName(topic) ? "a pipeline's ledger" : 'a topic of a service'
    const hasPrefix = property === 'topic.name' && config.values['topic.name'].includes('{prefix}')
    const text = `${property}${hasPrefix ? ', with topic.prefix in it,' : ''} names ${what}, which records must not go to`
    const where = whereOf(property) ?? (hasPrefix ? whereOf('topic.prefix') : undefined)
    found.set(property, { name: property, where, text })
  }
  return [...found.values()]
}

/** By `contradictions.ts` and `source-problems.ts`. */
const comparedWithLedger: ReadonlySet<string> = new Set([
  'signal.kafka.topic',
  'notification.sink.topic.name',
  'errors.deadletterqueue.topic.name',
  'source.kinesis.foreign.topic',
])

/** New names of topics in transforms of Connect's, `x` in place of what their expressions find. */
function replacements({ transforms }: Families): readonly NamedTopic[] {
  return [...transforms].flatMap(([alias, members]) => {
    const value = members.get('replacement')?.value
    if (typeof value !== 'string') return []
    const topic = value.replaceAll(/\$(\d+|\{\w+\})/g, 'x')
    return [{ property: `transforms.${alias}.replacement`, topic, isWhole: topic === value }]
  })
}
