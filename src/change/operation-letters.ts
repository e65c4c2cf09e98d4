import type { Operation } from './change-event.ts'

/** Debezium's letters for the operations: `op` of its envelope, and of every header that says the same. */
export const operationLetters = { INSERT: 'c', MODIFY: 'u', REMOVE: 'd', READ: 'r' } as const satisfies Record<
  Operation,
  string
>
