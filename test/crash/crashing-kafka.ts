import type { KafkaApi, ProduceRequest, ProducerRecord } from '../../src/kafka/kafka.ts'
import { decodeEntry } from '../../src/lanes/ledger-codec.ts'
import { transactionKinds } from './crash-point.ts'
import type { ReachCrashPoint, TransactionKind } from './crash-point.ts'

/** Wraps the port so that every durable step can be the last one of its process. */
export function withCrashPoints(kafka: KafkaApi, ledgerTopic: string, reach: ReachCrashPoint): KafkaApi {
  /** What the open transaction of each producer holds so far. */
  const kinds = new Map<string, TransactionKind>()
  const kindOf = createClassifier(ledgerTopic)
  return {
    ...kafka,
    createTopic: async (topic, signal) => {
      const step = topic.name === ledgerTopic ? 'create-ledger' : 'create-output'
      await reach(`${step}.before`)
      await kafka.createTopic(topic, signal)
      await reach(`${step}.after`)
    },
    initProducerId: async (request, signal) => {
      await reach('fence.before')
      const identity = await kafka.initProducerId(request, signal)
      await reach('fence.after')
      return identity
    },
    offsets: async (topic, partition, signal) => {
      if (topic !== ledgerTopic) return kafka.offsets(topic, partition, signal)
      await reach('ledger-mark.before')
      const offsets = await kafka.offsets(topic, partition, signal)
      await reach('ledger-mark.after')
      return offsets
    },
    fetch: async (request, signal) => {
      if (request.topic !== ledgerTopic) return kafka.fetch(request, signal)
      await reach('ledger-read.before')
      const fetched = await kafka.fetch(request, signal)
      await reach('ledger-read.after')
      return fetched
    },
    produce: async (request, signal) => {
      const id = request.transactionalId ?? ''
      const kind = mostTelling([kindOf(request), kinds.get(id)]) ?? 'progress'
      kinds.set(id, kind)
      await reach(`produce.${kind}.before`)
      await kafka.produce(request, signal)
      await reach(`produce.${kind}.after`)
    },
    endTransaction: async (request, signal) => {
      const kind = kinds.get(request.transactionalId) ?? 'progress'
      kinds.delete(request.transactionalId)
      await reach(`commit.${kind}.before`)
      const identity = await kafka.endTransaction(request, signal)
      await reach(`commit.${kind}.after`)
      return identity
    },
  }
}

function createClassifier(ledgerTopic: string): (request: ProduceRequest) => TransactionKind | undefined {
  const seenShards = new Set<string>()
  const kindOfEntry = ({ key, value }: ProducerRecord): TransactionKind | undefined => {
    const decoded = decodeEntry(key, value)
    if (decoded.kind === 'forget') return 'forget'
    const { entry } = decoded
    switch (entry.kind) {
      case 'identity':
      case 'table':
      case 'stop':
      case 'begin':
      case 'answer':
      case 'scan':
      case 'report':
        return entry.kind
      // It is what a scan begins with.
      case 'baseline':
        return 'scan'
      case 'request':
      case 'signal':
      case 'way':
      case 'skipped':
      // It is with records, which say more.
      case 'topic':
        return undefined
      case 'at': {
        const isFirst = !seenShards.has(entry.shardId)
        seenShards.add(entry.shardId)
        if (entry.status === 'end') return 'end'
        return isFirst ? 'first-progress' : 'progress'
      }
    }
  }
  return ({ batches }) => {
    const entries = batches.filter(({ topic }) => topic === ledgerTopic).flatMap(({ records }) => records)
    return mostTelling(entries.map(kindOfEntry))
  }
}

/** An END comes with the `begin` of its children, and is what matters then. */
function mostTelling(kinds: readonly (TransactionKind | undefined)[]): TransactionKind | undefined {
  const order: readonly TransactionKind[] = ['end', 'report', ...transactionKinds]
  return order.find((kind) => kinds.includes(kind))
}
