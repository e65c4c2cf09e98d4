import { systemClock } from '../../src/async/system-clock.ts'
import { makeHistory } from '../oracle/declared-history.ts'
import type { DeclaredHistory } from '../oracle/declared-history.ts'
import { parseExactly } from '../oracle/exact-json.ts'
import { connectKafka, makeTopic } from '../servers/connected-kafka.ts'
import { readWithConfluent } from '../servers/python-judge.ts'
import { openRawProducer } from '../servers/raw-producer.ts'
import { compareHistory, expectedChanges } from './compare-history.ts'
import type { ReadChange } from './compare-history.ts'
import type { Judge, JudgeServers, Judgement } from './judge.ts'
import { configOf, formats, itemForms, readChange, rowReader, written } from './registry-records.ts'
import type { Form, Format, Outcome } from './registry-records.ts'

const batchRecords = 200

/** Confluent's Python deserializers, over a topic whose schemas Apicurio keeps. */
export const registryJudges: readonly Judge[] = formats.flatMap((format) =>
  itemForms.map((items, index) => ({
    name: format,
    judge: (changes, servers) => judgeByConfluent(makeHistory(141 + index, changes), { format, items }, servers),
  })),
)

const deserializers: Readonly<Record<Format, string>> = {
  avro: 'AvroDeserializer',
  'json-schema': 'JSONDeserializer',
  protobuf: 'ProtobufDeserializer',
}

async function judgeByConfluent(history: DeclaredHistory, form: Form, servers: JudgeServers): Promise<Judgement> {
  const bootstrapServers = await servers.kafka()
  const url = await servers.registry()
  await using kafka = connectKafka(bootstrapServers)
  const topic = await makeTopic(kafka, 1, { 'max.message.bytes': '10000000' })
  const records = await written(history, configOf(form, bootstrapServers, `schema.registry.url: ${url}`), { topic })
  const producer = await openRawProducer(kafka, null)
  for (let from = 0; from < records.length; from += batchRecords) {
    const batch = records.slice(from, from + batchRecords)
    await producer.write(batch.map((record) => ({ ...record, topic, partition: 0, timestamp: systemClock.now() })))
  }
  const { exitCode, lines, errors } = await readWithConfluent([bootstrapServers, topic, url, form.format])
  const isRefused = exitCode !== 0
  const outcomes = isRefused ? [] : lines.map((line) => parseExactly(line) as Outcome)
  // A tombstone comes behind a delete, and the number of records says whether all of them came.
  const reads = outcomes.flatMap((outcome): ReadChange[] => (outcome.value === null ? [] : [readChange(outcome)]))
  const comparison = compareHistory(history, expectedChanges(history), reads, rowReader(form))
  return {
    judge: `Confluent's ${deserializers[form.format]}, ${form.items}`,
    records: records.length,
    exceptions: isRefused ? 1 : 0,
    passThroughs: isRefused ? 0 : Math.abs(records.length - outcomes.length),
    comparison,
    complaint: isRefused ? `${lines.at(-1)}\n${errors}` : comparison.difference,
  }
}
