import type { Rng } from '../../../src/async/rng.ts'
import { seededRng } from '../../../src/async/rng.ts'
import { TailraceError } from '../../../src/errors.ts'
import { committedRecords } from '../../../src/kafka/committed-reader.ts'
import { KafkaError } from '../../../src/kafka/kafka.ts'
import type { KafkaApi, ProducerIdentity, ProducerRecord } from '../../../src/kafka/kafka.ts'

/**
 * One step of a script that a real broker and the simulated one are both given. Identities are named by the step that
 * they came from, so that a script can use one that is long out of date.
 */
export type ScriptStep =
  | { readonly kind: 'init'; readonly id: number }
  | { readonly kind: 'add'; readonly id: number; readonly identity: number; readonly partition: number }
  | {
      readonly kind: 'produce'
      readonly id: number
      readonly identity: number
      readonly partition: number
      readonly baseSequence: number
      readonly records: number
      readonly version: 1 | 2
    }
  | {
      readonly kind: 'end'
      readonly id: number
      readonly identity: number
      readonly outcome: 'commit' | 'abort'
      readonly version: 1 | 2
    }
  | { readonly kind: 'describe'; readonly id: number }
  | { readonly kind: 'read'; readonly partition: number }

/** Runs steps against a cluster; the answers as text, one a step, without numbers that only one cluster knows. */
export interface ScriptStage {
  readonly kafka: KafkaApi
  /** A topic with two partitions of its own. */
  readonly topic: string
  /** Made unique by the caller: ids are `<prefix>-0`, `<prefix>-1`. */
  readonly idPrefix: string
  /** Waits until markers are written: what a coordinator still does would show or not, by chance. */
  readonly settle: (ids: readonly string[]) => Promise<void>
}

const partitions = 2
const ids = 2

/** A script of a seed: honest transactions of two producers, with requests out of turn in between. */
export function drawScript(seed: number, steps: number): readonly ScriptStep[] {
  const rng = seededRng(seed)
  const version = rng.next() < 0.6 ? 2 : 1
  const script: ScriptStep[] = [
    { kind: 'init', id: 0 },
    { kind: 'init', id: 1 },
  ]
  /** Steps that gave an identity, by id. */
  const given: number[][] = [[0], [1]]
  const sequences = new Map<string, number>()
  while (script.length < steps) {
    const step = drawStep({ rng, version, given, sequences })
    const gives = step.kind === 'init' || (step.kind === 'end' && step.version === 2)
    if (gives) given[step.id]?.push(script.length)
    script.push(step)
  }
  return [...script, ...Array.from({ length: partitions }, (_, partition): ScriptStep => ({ kind: 'read', partition }))]
}

interface Drawing {
  readonly rng: Rng
  readonly version: 1 | 2
  readonly given: readonly (readonly number[])[]
  readonly sequences: Map<string, number>
}

function drawStep({ rng, version, given, sequences }: Drawing): ScriptStep {
  const id = Math.floor(rng.next() * ids)
  const own = given[id] ?? []
  // Mostly the newest identity; now and then one that should be out.
  const identity = (rng.next() < 0.8 ? own.at(-1) : own[Math.floor(rng.next() * own.length)]) ?? 0
  const partition = Math.floor(rng.next() * partitions)
  const dice = rng.next()
  if (dice < 0.05) return { kind: 'init', id }
  if (dice < 0.12) return { kind: 'describe', id }
  if (dice < 0.3 && version === 1) return { kind: 'add', id, identity, partition }
  if (dice < 0.4) return { kind: 'read', partition }
  if (dice < 0.65) {
    const outcome = rng.next() < 0.6 ? 'commit' : 'abort'
    return { kind: 'end', id, identity, outcome, version }
  }
  const records = 1 + Math.floor(rng.next() * 3)
  const name = `${identity}/${partition}`
  const next = sequences.get(name) ?? 0
  // Out of turn only behind something: what a leader makes of a first batch that does not begin at 0 depends on what it
  // has half forgotten, and no session of ours sends one.
  const isOff = next > 0 && rng.next() < 0.2
  const baseSequence = isOff ? Math.max(0, next + Math.floor(rng.next() * 5) - 2) : next
  if (!isOff) sequences.set(name, next + records)
  return { kind: 'produce', id, identity, partition, baseSequence, records, version }
}

/** Runs a script step by step; the answers in order. */
export async function playScript(script: readonly ScriptStep[], stage: ScriptStage): Promise<readonly string[]> {
  const player = createPlayer(stage)
  const answers: string[] = []
  for (const [index, step] of script.entries()) {
    answers.push(`${index} ${step.kind}: ${await player(step, index)}`)
    await stage.settle(Array.from({ length: ids }, (_, id) => `${stage.idPrefix}-${id}`))
  }
  return answers
}

function createPlayer(stage: ScriptStage): (step: ScriptStep, index: number) => Promise<string> {
  const { kafka, topic, idPrefix } = stage
  const { signal } = new AbortController()
  const identities: { readonly id: number; readonly step: number; readonly identity: ProducerIdentity }[] = []
  const names = createNames()
  /** What the step gave, or, where it was refused, what its producer had before. */
  const identityOf = ({ id, identity }: { readonly id: number; readonly identity: number }): ProducerIdentity => {
    const own = identities.filter((known) => known.id === id && known.step <= identity)
    return own.at(-1)?.identity ?? { producerId: 999_999n, producerEpoch: 0 }
  }
  const run = async (step: ScriptStep, index: number): Promise<string> => {
    const transactionalId = 'id' in step ? `${idPrefix}-${step.id}` : ''
    switch (step.kind) {
      case 'init': {
        const identity = await kafka.initProducerId({ transactionalId, timeoutMs: 60_000 }, signal)
        identities.push({ id: step.id, step: index, identity })
        return names(identity)
      }
      case 'add': {
        const wanted = [{ topic, partition: step.partition }]
        await kafka.addPartitions({ ...identityOf(step), transactionalId, partitions: wanted }, signal)
        return 'ok'
      }
      case 'produce': {
        const batch = { topic, partition: step.partition, baseSequence: step.baseSequence }
        const records = Array.from({ length: step.records }, (_, at) => record(topic, step.partition, `${index}.${at}`))
        const request = { ...identityOf(step), transactionalId, transactionVersion: step.version }
        await kafka.produce({ ...request, batches: [{ ...batch, records }] }, signal)
        return 'ok'
      }
      case 'end': {
        const request = { ...identityOf(step), transactionalId, transactionVersion: step.version }
        const identity = await kafka.endTransaction({ ...request, outcome: step.outcome }, signal)
        identities.push({ id: step.id, step: index, identity })
        return names(identity)
      }
      case 'describe': {
        const found = (await kafka.describeTransactions([transactionalId], signal)).get(transactionalId)
        return found === undefined ? 'unknown' : `${found.state} ${names(found)}`
      }
      case 'read':
        return readAll(kafka, topic, step.partition)
    }
  }
  return async (step, index) => {
    try {
      return await run(step, index)
    } catch (error) {
      return nameOfError(error)
    }
  }
}

function record(topic: string, partition: number, value: string): ProducerRecord {
  return { topic, partition, key: null, value: Buffer.from(value), headers: [], timestamp: 1_700_000_000_000 }
}

/** Producer ids differ from cluster to cluster: named by their first appearance, with epochs as they are. */
function createNames(): (identity: ProducerIdentity) => string {
  const known = new Map<bigint, string>()
  return ({ producerId, producerEpoch }) => {
    const name = known.get(producerId) ?? `producer ${known.size}`
    known.set(producerId, name)
    return `${name} epoch ${producerEpoch}`
  }
}

/** What a read_committed reader gets, and where it must stop. */
async function readAll(kafka: KafkaApi, topic: string, partition: number): Promise<string> {
  const { signal } = new AbortController()
  const { highWatermark, lastStable } = await kafka.offsets(topic, partition, signal)
  const values: string[] = []
  for (let offset = 0n; offset < lastStable;) {
    const request = {
      topic,
      partition,
      offset,
      maxBytes: 1_000_000,
      maxWaitMs: 0,
      isolation: 'read_committed',
    } as const
    const page = committedRecords(await kafka.fetch(request, signal), offset, lastStable)
    for (const { value } of page.records) values.push(value?.toString() ?? 'null')
    if (page.nextOffset === offset) break
    offset = page.nextOffset
  }
  return `${values.join(' ')} | end ${highWatermark}, stable ${lastStable}`
}

function nameOfError(error: unknown): string {
  if (error instanceof KafkaError) return error.errorName
  if (error instanceof TailraceError) return `${error.code} ${String(error.details['errorName'] ?? '')}`.trimEnd()
  throw error
}
