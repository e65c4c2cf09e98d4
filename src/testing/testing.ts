/** What tests of users' own code can use: time that stands still, and a source that holds what a test puts in. */
export { createManualClock } from './manual-clock.ts'
export type { ManualClock } from './manual-clock.ts'
export { createMemorySource } from './memory-source.ts'
export type { MemoryRecord, MemorySource } from './memory-source.ts'
