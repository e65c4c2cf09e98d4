import { isDeepStrictEqual } from 'node:util'
import { judgeDelivery } from '../../../src/oracle/judge-delivery.ts'
import type { ChangePosition, DeliveredRecord, Findings, WrittenChange } from '../../../src/oracle/oracle.ts'
import type { Topic } from '../kafka/cluster-state.ts'
import { deadLetterTopic } from '../world/dead-letter-topic.ts'
import { createOutputScan, loggedTransactions } from '../world/output-scan.ts'
import type { FunctionWorld } from './function-world.ts'
import { judgeInvocations } from './judge-function.ts'
import { nameOfRecord } from './simulated-function.ts'

/** As {@link nameOfRecord} has it, of anything that has a place in a stream. */
export function namesIn({
  streamArnOf,
}: FunctionWorld): (of: { readonly table: string; readonly position?: Numbered | undefined }) => string {
  return ({ table, position }) => nameOfRecord(streamArnOf(table), position?.sequenceNumber ?? '')
}

type Numbered = Pick<ChangePosition, 'sequenceNumber'>

/** The tables' topics, as far as they can be read by now. */
export function outputOf({ surroundings: { kafka }, config }: FunctionWorld): ReturnType<typeof createOutputScan> {
  const outputs = (): readonly Topic[] =>
    [...kafka.state.topics.values()].filter(({ name }) => name !== config.ledger.topic && name !== deadLetterTopic)
  const scan = createOutputScan(outputs, (topic) => topic.slice(topic.indexOf('.') + 1))
  scan.advance()
  return scan
}

/** The log against the writes, and everything else that a function promises. */
export function judgeFunctionWorld(
  world: FunctionWorld,
  hangs: readonly string[],
  { hasWorkers }: { readonly hasWorkers: boolean } = { hasWorkers: false },
): Findings {
  const { plan, surroundings, tables, writers, config, mappings, lambda, poison } = world
  const scan = outputOf(world)
  const written = writers.flatMap((writer) => writer.written)
  const nameOf = namesIn(world)
  const delivered = placed(scan.delivered, written, nameOf)
  const isExact = plan.delivery === 'exactly_once'
  // Positions in a Kinesis stream are no places of changes in tables.
  const isOfTables = plan.lambda.stream === 'dynamodb'
  const hasLedger = isExact && isOfTables && world.isProduct
  const parents = new Map(
    tables.flatMap((table) => table.stream.shards.map((shard) => [shard.shardId, shard.parentShardId] as const)),
  )
  const topics = [...surroundings.kafka.state.topics.values()].filter(({ name }) => name !== deadLetterTopic)
  const isDiscarded = (change: WrittenChange): boolean => mappings.discarded.has(nameOf(change))
  const isLetter = (change: WrittenChange): boolean => plan.lambda.isTolerant && poison?.isPoisoned(change) === true
  const findings = judgeDelivery({
    written: isOfTables ? written : written.map(unplaced),
    // What was given up may come even so, from an invocation that nobody waits for: then it has no place in the order.
    delivered: (isOfTables ? delivered : delivered.map(unplaced)).filter(
      (record) => !mappings.discarded.has(nameOf(record)),
    ),
    guarantee: plan.delivery,
    ...(hasLedger ? { transactions: loggedTransactions(topics, config.ledger.topic), parents } : {}),
    tables: new Map(writers.map((writer, index) => [tables[index]?.name ?? '', writer.contents()])),
    named: (change) => isLetter(change) || isDiscarded(change),
    hangs,
  })
  const poisoned = new Set(plan.lambda.isTolerant ? [] : poison?.poisoned.map(nameOf))
  const { mendedAtMs } = world
  // What workers deliver was in no event.
  const byFunction = hasWorkers ? [] : delivered.map(nameOf)
  const wrong = [
    ...judgeInvocations({ plan, lambda, mappings, poisoned, mendedAtMs, delivered: byFunction }),
    ...judgeLetters(world),
    ...world.passed,
    ...(isExact && scan.strayTombstones > 0
      ? [`${scan.strayTombstones} tombstones are not right behind their deletes`]
      : []),
  ]
  return withWrong(isExact ? findings : forgiveRepeats(findings), wrong)
}

function unplaced<T extends { readonly position: ChangePosition | undefined }>(one: T): T {
  return { ...one, position: undefined }
}

/** Where nobody tells the function the shard, the number alone is the place. */
function placed(
  delivered: readonly DeliveredRecord[],
  written: readonly WrittenChange[],
  nameOf: ReturnType<typeof namesIn>,
): readonly DeliveredRecord[] {
  const shards = new Map(written.map((change) => [nameOf(change), change.position?.shardId ?? '']))
  return delivered.map((record) => {
    const { position } = record
    if (position === undefined || position.shardId !== '') return record
    return { ...record, position: { ...position, shardId: shards.get(nameOf(record)) ?? '' } }
  })
}

/** One that may be repeated has a letter or more. */
function judgeLetters(world: FunctionWorld): readonly string[] {
  const { plan, poison, mappings } = world
  if (poison === undefined) return []
  const letters = poison.letters()
  if (!plan.lambda.isTolerant) return letters.size === 0 ? [] : [`${letters.size} letters where there are none`]
  if (plan.delivery === 'exactly_once') return poison.verdicts(isAsInEvent)
  const nameOf = namesIn(world)
  return poison.poisoned.flatMap((poisoned) => {
    const { sequenceNumber } = poisoned.position
    const isThere = [...letters.keys()].some((name) => name.endsWith(` ${sequenceNumber}`))
    return isThere || mappings.discarded.has(nameOf(poisoned)) ? [] : [`${sequenceNumber} has no letter`]
  })
}

/** Lambda adds where the record comes from, and sets its members in another order. */
function isAsInEvent(letter: string, given: string): boolean {
  const { eventSourceARN: _, ...record } = JSON.parse(letter) as Readonly<Record<string, unknown>>
  return isDeepStrictEqual(record, JSON.parse(given))
}

/** An invocation that nobody waits for any more may write late, behind newer changes: first occurrences alone have an order. */
function forgiveRepeats(findings: Findings): Findings {
  const { anomalies, replayed } = findings
  const forgiven = { ...anomalies, 'bad-replay': 0, diverged: 0, miscount: 0 }
  return { ...findings, replayed: replayed + anomalies['bad-replay'], anomalies: forgiven }
}

function withWrong(findings: Findings, wrong: readonly string[]): Findings {
  if (wrong.length === 0) return findings
  const { anomalies, examples } = findings
  const miscount = anomalies.miscount + wrong.length
  return { ...findings, anomalies: { ...anomalies, miscount }, examples: [...wrong, ...examples] }
}
