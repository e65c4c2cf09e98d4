import type { PlanOverrides } from '../sim/world/world-plan.ts'
import type { Mutant } from './mutant.ts'

const reader = 'src/sources/dynamodb-streams/shard-reader.ts'
const busy: PlanOverrides = { delivery: 'exactly_once', reshardsPerSecond: 0.4 }

/** Bugs between the stream and the lane: positions, order, ends of shards. */
export const readingMutants: readonly Mutant[] = [
  {
    id: 'M2',
    title: 'the position covers pages that were fetched and not written',
    patches: [
      {
        file: 'src/pipeline/delivery.ts',
        find: 'output.push(stage.records)',
        replace: 'if (output.length === 0) output.push(stage.records)',
      },
    ],
    caughtBy: { kind: 'worlds', experiment: 'E01-sim', overrides: busy },
  },
  {
    id: 'M3',
    title: 'reading goes on AT instead of AFTER the last sequence number',
    patches: [{ file: reader, find: "'AFTER_SEQUENCE_NUMBER'", replace: "'AT_SEQUENCE_NUMBER'" }],
    caughtBy: { kind: 'worlds', experiment: 'E01-sim', overrides: busy },
  },
  {
    id: 'M4',
    title: 'a child shard is begun before its parent has ended',
    patches: [
      {
        file: 'src/lanes/discovery-gate.ts',
        find: "return state === 'end' || (state === 'unknown' && !listed.has(parent))",
        replace: 'return state !== undefined || listed.has(parent)',
      },
    ],
    caughtBy: { kind: 'worlds', experiment: 'E27', overrides: busy },
  },
  {
    id: 'M5',
    title: 'a shard without a position begins at LATEST',
    patches: [{ file: reader, find: "'TRIM_HORIZON'", replace: "'LATEST'" }],
    caughtBy: { kind: 'worlds', experiment: 'E01-sim', overrides: busy },
  },
  {
    id: 'M6',
    title: "a closing shard's last page is dropped",
    patches: [
      {
        file: 'src/pipeline/shard-feed.ts',
        find: 'if (page.records.length === 0 && page.mark === undefined) share.release()',
        replace: 'if ((page.records.length === 0 && page.mark === undefined) || page.isEnd) share.release()',
      },
    ],
    caughtBy: { kind: 'worlds', experiment: 'E28', overrides: busy },
  },
  {
    id: 'M7',
    title: 'sequence numbers are compared as text',
    patches: [
      {
        file: 'src/change/sequence-number.ts',
        find: '  if (left.length !== right.length) return left.length - right.length\n',
        replace: '',
      },
    ],
    caughtBy: { kind: 'worlds', experiment: 'E33', overrides: busy },
  },
  {
    id: 'M20',
    title: "the coordinator's failure is swallowed",
    patches: [
      {
        file: 'src/pipeline/lane-work.ts',
        find: 'if (!live.aborted) companionFailure = { error }',
        replace: 'void error',
      },
    ],
    caughtBy: { kind: 'worlds', experiment: 'E13-sim', overrides: { delivery: 'exactly_once' } },
  },
  {
    id: 'M22',
    title: 'after an expired iterator reading goes on at LATEST',
    patches: [
      {
        file: reader,
        find: "if (error instanceof TailraceError && error.code === 'ITERATOR_EXPIRED') this.#iterator = undefined",
        replace:
          "if (error instanceof TailraceError && error.code === 'ITERATOR_EXPIRED') {\n        this.#iterator = undefined\n        this.#mutant = true\n      }",
      },
      {
        file: reader,
        find: '  #isEnded = false\n',
        replace: '  #isEnded = false\n  #mutant = false\n',
      },
      {
        file: reader,
        find: "this.#after === undefined\n        ? { ShardIteratorType: 'TRIM_HORIZON' }",
        replace:
          "this.#mutant\n        ? { ShardIteratorType: 'LATEST' }\n        : this.#after === undefined\n        ? { ShardIteratorType: 'TRIM_HORIZON' }",
      },
    ],
    caughtBy: { kind: 'worlds', experiment: 'E25', overrides: { ...busy, faults: { 'iterator-expiry': 1 } } },
  },
  {
    id: 'M23',
    title: 'trimmed data are silently skipped: reading goes on at TRIM_HORIZON',
    patches: [
      {
        file: reader,
        find: '    if (isTrimmed) {\n      const oldest',
        replace:
          "    if (isTrimmed) {\n      this.#after = undefined\n      this.#iterator = undefined\n      throw this.#misshapen('trimmed', error)\n    }\n    if (isTrimmed) {\n      const oldest",
      },
      {
        // Behind it stands a second wall, of H5: a shard that nobody has read for too long.
        file: reader,
        find: 'if (this.#after === undefined) await this.#refuseUnreadGap(signal)',
        replace: 'if (signal.aborted) await this.#refuseUnreadGap(signal)',
      },
    ],
    caughtBy: { kind: 'tests', files: ['test/sim/runs/outage.test.ts'] },
  },
  {
    id: 'H5',
    title: 'a shard without a position is read from whatever is left, however long nobody was there',
    patches: [
      {
        file: reader,
        find: 'if (this.#after === undefined) await this.#refuseUnreadGap(signal)',
        replace: 'if (signal.aborted) await this.#refuseUnreadGap(signal)',
      },
    ],
    caughtBy: { kind: 'tests', files: ['test/sim/runs/unread-shard.test.ts'] },
  },
  {
    id: 'H6',
    title: 'a shard that was read and found empty counts as never read',
    patches: [
      {
        file: 'src/pipeline/lane-work.ts',
        find: 'emptyReadingsOwed(feeds.emptyReadings(), state, context)',
        replace: 'emptyReadingsOwed([], state, context)',
      },
    ],
    caughtBy: { kind: 'tests', files: ['test/sim/runs/unread-shard.test.ts'] },
  },
  {
    id: 'H7',
    title: "a child's changes are awaited from the moment of its parent's END on, however late that comes",
    patches: [
      {
        file: 'src/lanes/hand-over.ts',
        find: 'return known.length === 0 ? nowMs',
        replace: 'return known.length >= 0 ? nowMs',
      },
    ],
    caughtBy: { kind: 'tests', files: ['src/lanes/hand-over.test.ts'] },
  },
  {
    id: 'H1',
    title: 'a parent that a listing hides counts as trimmed',
    patches: [
      {
        file: 'src/pipeline/discovery.ts',
        find: 'if (await source.hasShard(streamArn, parent, signal)) hidden.add(parent)',
        replace: 'void parent',
      },
    ],
    caughtBy: { kind: 'worlds', experiment: 'E27', overrides: { ...busy, faults: { 'listing-lie': 1 } } },
  },
]
