import { createReadStream, readFileSync, writeFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { systemClock } from '../src/async/system-clock.ts'
import { seededRng } from '../src/async/rng.ts'
import { createDebeziumEnvelope } from '../src/envelope/debezium-envelope.ts'
import { createRecordStages } from '../src/hosts/stages/record-stages.ts'
import { encodeRecordBatch } from '../src/kafka/record-batch-encoder.ts'
import { createChunking } from '../src/oversize/chunks.ts'
import { createClaimChecks } from '../src/oversize/claim-checks.ts'
import { createDropBefore } from '../src/oversize/drop-before.ts'
import { createLadder } from '../src/oversize/ladder.ts'
import type { OversizeStep } from '../src/oversize/oversize.ts'
import { firstEntry } from '../src/pipeline/table-life.ts'
import type { StageOutput } from '../src/pipeline/stages.ts'
import { createJsonSerializer } from '../src/serialize/json-serializer.ts'
import { tableOf } from '../test/oracle/arbitrary-items.ts'

/**
 * One change, in a process of its own: the way from the text of an answer of GetRecords to the batches that would be sent,
 * `oversize-child.ts <strategy> <file with the wire record>`. Prints how far memory rose above what the process
 * held before it read the text, and what came out.
 */
const [strategy = '', file = ''] = process.argv.slice(2)
const table = tableOf('NEW_AND_OLD_IMAGES')
const never = new AbortController().signal

const sink = {
  put: () => Promise.resolve(),
  remove: () => Promise.resolve(),
  list: () => Promise.resolve([]),
}
const steps: Readonly<Record<string, () => OversizeStep>> = {
  'drop-before': createDropBefore,
  chunk: () => createChunking({ isCompacted: () => Promise.resolve(false) }),
  'claim-check-s3': () =>
    createClaimChecks({
      objects: sink,
      clock: systemClock,
      rng: seededRng(1),
      bucket: 'large',
      prefix: '',
      owner: undefined,
      pipeline: 'bench',
      ledgerId: 'bench',
      isOnce: true,
      onLeftBehind: () => undefined,
    }),
}
const step = steps[strategy]
const stages = createRecordStages({
  envelopeFor: (one) =>
    createDebeziumEnvelope({ table: one, name: 'shop', connectorVersion: '0.1.0', tombstonesOnDelete: true }),
  serializer: createJsonSerializer({ numbers: 'exact', schemasEnable: false }),
  name: 'shop',
  oversize: createLadder({
    steps: step === undefined ? [] : [{ name: strategy, step: step() }],
    toDeadLetters: false,
    onShrunk: () => undefined,
  }),
})

function convert(wire: unknown): Promise<StageOutput> {
  return stages.process(
    {
      table: firstEntry(table, { topic: 'shop.orders', partitions: 3, id: 'x' }, undefined),
      shardId: 'shardId-1',
      generation: 0,
      records: [wire],
      notBeforeMs: undefined,
      maxRecordBytes: 200_000,
      nowMs: systemClock.now(),
    },
    never,
  )
}

function send({ records }: StageOutput): readonly number[] {
  const header = { producerId: 1n, producerEpoch: 0, isTransactional: true, compression: 'none' } as const
  return records.map((record) => {
    const batch = { topic: record.topic, partition: record.partition, baseSequence: 0, records: [record] }
    return encodeRecordBatch(batch, header).length
  })
}

function residentBytes(name: 'VmHWM' | 'VmRSS'): number {
  const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  return Number(kib) * 1024
}

async function textOf(path: string): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of createReadStream(path)) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString('utf8')
}

const small = {
  eventID: 'e',
  eventName: 'INSERT',
  dynamodb: {
    Keys: { pk: { S: 'a' } },
    NewImage: { pk: { S: 'a' } },
    SequenceNumber: '1',
    ApproximateCreationDateTime: 1,
  },
}
for (let i = 0; i < 200; i++) send(await convert(small))
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
collect()
collect()
// Forgets the peak of the start. Linux only.
writeFileSync('/proc/self/clear_refs', '5')
const before = residentBytes('VmRSS')
const output = await convert(JSON.parse(await textOf(file)))
const batches = send(output)
const peakBytes = residentBytes('VmHWM') - before
const failure = output.failure?.code
console.log(JSON.stringify({ peakBytes, records: batches.length, largestBatch: Math.max(0, ...batches), failure }))
