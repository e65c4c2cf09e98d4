import type { PlanOverrides } from '../sim/world/world-plan.ts'
import type { Mutant } from './mutant.ts'

const session = 'src/kafka/exactly-once-session.ts'
const writer = 'src/kafka/batch-writer.ts'
const lostAnswers: PlanOverrides = {
  delivery: 'exactly_once',
  faults: { 'lost-response': 1.5, 'lost-request': 0.3, 'late-request': 0.3 },
}

/** Bugs between the lane and Kafka: acknowledgements, sequences, unknown outcomes, fences. */
export const writingMutants: readonly Mutant[] = [
  {
    id: 'M1',
    title: 'at least once: the position is written before the records that it covers',
    patches: [
      {
        file: 'src/lanes/lane-session.ts',
        find: '    change.output,\n    records(change.entries.filter((addressed) => !isPosition(addressed) && !isTopic(addressed))),\n    records(change.entries.filter(isPosition)),\n',
        replace:
          '    records(change.entries.filter(isPosition)),\n    change.output,\n    records(change.entries.filter((addressed) => !isPosition(addressed) && !isTopic(addressed))),\n',
      },
    ],
    caughtBy: { kind: 'worlds', experiment: 'E01-alo-sim', overrides: { delivery: 'at_least_once' } },
  },
  {
    id: 'M8',
    title: 'whoever takes a lane over does not fence its old owner',
    patches: [
      {
        file: 'src/lanes/lane-session.ts',
        find: 'options.sessions.open(transactionalId, signal)',
        replace: 'options.sessions.open(`${transactionalId}.${options.clock.monotonic()}`, signal)',
      },
    ],
    caughtBy: {
      kind: 'worlds',
      experiment: 'E05-sim',
      overrides: { delivery: 'exactly_once', workers: 3, faults: { 'worker-stop': 0.4 } },
    },
  },
  {
    id: 'M10',
    title: 'a batch without an answer is sent again under a new sequence number',
    patches: [
      {
        file: writer,
        find: 'await whileBusy(options, signal, () => kafka.produce(request, signal))',
        replace:
          "await whileBusy(options, signal, () => kafka.produce(request, signal)).catch((error: unknown) => {\n          if (!(error instanceof TailraceError) || error.code === 'RECORD_TOO_LARGE') throw error\n          const again = batches.map((batch) => ({ ...batch, baseSequence: batch.baseSequence + batch.records.length }))\n          return kafka.produce({ ...request, batches: again }, signal)\n        })",
      },
    ],
    caughtBy: { kind: 'worlds', experiment: 'E15-sim', overrides: lostAnswers },
  },
  {
    id: 'M12',
    title: 'a commit without an answer counts as aborted: its records are written again from memory',
    patches: [
      {
        file: session,
        find: '        writer.adopt(await kafka.endTransaction(end, commitSignal))\n',
        replace:
          "        try {\n          writer.adopt(await kafka.endTransaction(end, commitSignal))\n        } catch {\n          writer.adopt(await kafka.initProducerId({ transactionalId, timeoutMs }, commitSignal))\n          if (transactionVersion === 1) await addPartitions(options, writer, rounds, commitSignal)\n          for (const round of rounds) await writer.write(round, commitSignal)\n          const again = { ...writer.identity, transactionalId, transactionVersion, outcome: 'commit' } as const\n          writer.adopt(await kafka.endTransaction(again, commitSignal))\n        }\n",
      },
    ],
    caughtBy: { kind: 'worlds', experiment: 'E16-sim', overrides: lostAnswers },
  },
  {
    id: 'M13',
    title: 'a commit without an answer counts as committed',
    patches: [
      {
        file: session,
        find: '        writer.adopt(await kafka.endTransaction(end, commitSignal))\n',
        replace:
          '        try {\n          writer.adopt(await kafka.endTransaction(end, commitSignal))\n        } catch {\n          writer.adopt(await kafka.initProducerId({ transactionalId, timeoutMs }, commitSignal))\n        }\n',
      },
    ],
    caughtBy: { kind: 'worlds', experiment: 'E16-sim', overrides: lostAnswers },
  },
  {
    id: 'M14',
    title: 'a tombstone stands in front of its delete',
    patches: [
      {
        file: 'src/hosts/stages/unit-writer.ts',
        find: 'for (const record of records) {\n      const { key, value, headers, topic = this.#page.table.topic } = record',
        replace:
          'for (const record of records.toReversed()) {\n      const { key, value, headers, topic = this.#page.table.topic } = record',
      },
    ],
    caughtBy: { kind: 'worlds', experiment: 'E01-sim', overrides: { delivery: 'exactly_once' } },
  },
  {
    id: 'M17',
    title: 'a refused partition of a produce answer is taken for success',
    patches: [
      {
        file: 'src/kafka/wire-produce.ts',
        find: '      if (errorCode === 0) continue\n',
        replace: '      if (errorCode >= 0) continue\n',
      },
    ],
    caughtBy: {
      kind: 'worlds',
      experiment: 'E13-sim',
      overrides: { delivery: 'exactly_once', faults: { 'error-code': 1, 'leader-move': 0.5 } },
    },
  },
  {
    id: 'M28',
    title: 'the ledger is read uncommitted',
    patches: [
      {
        file: 'src/kafka/marker-reader.ts',
        find: 'const target = batch.isTransactional ? this.#pendingOf(batch) : resolved',
        replace: 'const target = resolved',
      },
    ],
    caughtBy: {
      kind: 'worlds',
      experiment: 'E02-sim',
      overrides: { delivery: 'exactly_once', faults: { 'crash-point': 1.5 } },
    },
  },
  {
    id: 'H3',
    title: 'a member that missed a generation loses its lanes without being told',
    patches: [
      {
        file: 'src/kafka/sticky-assignor.ts',
        find: '  for (const { memberId, owned, generation } of members) {\n',
        replace:
          '  const newest = Math.max(...members.map(({ generation }) => generation))\n  for (const { memberId, owned, generation } of members.filter((member) => member.generation === newest)) {\n',
      },
    ],
    caughtBy: { kind: 'tests', files: ['src/kafka/sticky-assignor.property.test.ts'] },
  },
  {
    id: 'H2',
    title: 'at least once: a table entry that reached only some partitions stays so',
    patches: [
      {
        file: 'src/pipeline/coordinator.ts',
        find: 'await coordination.write(missingTables(await coordination.ledger.refresh(signal)))',
        replace: 'missingTables(await coordination.ledger.refresh(signal))',
      },
    ],
    caughtBy: {
      kind: 'worlds',
      experiment: 'E02-alo-sim',
      // The entry is written within the first moments, so much must go wrong at once.
      overrides: { delivery: 'at_least_once', brokers: 3, lanes: 5, activeMs: 12_000, faults: { 'leader-move': 6 } },
    },
  },
  {
    id: 'H4',
    title: 'at least once: a first start that was cut short counts as a lost ledger',
    patches: [
      {
        file: 'src/lanes/identity.ts',
        find: 'if (without.length > 0 && hasEntries) {',
        replace: 'if (without.length > 0 && (without.length < ledgers.length || hasEntries)) {',
      },
    ],
    caughtBy: {
      kind: 'worlds',
      experiment: 'E02-alo-sim',
      overrides: { delivery: 'at_least_once', brokers: 3, lanes: 5, activeMs: 12_000, faults: { 'lost-request': 6 } },
    },
  },
]
