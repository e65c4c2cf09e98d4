import type { MappedStream } from './mapped-stream.ts'
import type { EventSourceMappingOptions, MappingCounters, MappingPace } from './mapping.ts'

/** What the parts of one mapping share. */
export interface MappingParts extends Omit<EventSourceMappingOptions, 'pace' | 'trace'> {
  readonly stream: MappedStream
  readonly pace: MappingPace
  readonly counters: MappingCounters
  readonly trace: (line: string) => void
}

/** Before anything has happened. */
export function noCounts(): MappingCounters {
  return {
    invocations: 0,
    recordsInvoked: 0,
    recordsDone: 0,
    errors: 0,
    partialAnswers: 0,
    badAnswers: 0,
    bisections: 0,
    recordsDiscarded: 0,
    destinationFailures: 0,
    recordsFiltered: 0,
    trims: 0,
    finalInvocations: 0,
    emptyFinalInvocations: 0,
    windowsTerminatedEarly: 0,
    shardsEnded: 0,
    faults: { lostAnswer: 0, twice: 0, abandoned: 0, cutAnew: 0, failOver: 0, repeatedFinal: 0 },
  }
}
