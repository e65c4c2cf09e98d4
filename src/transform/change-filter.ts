import type { ChangeEvent, Operation } from '../change/change-event.ts'
import type { Condition } from '../change/condition/condition.ts'
import { testCondition } from '../change/condition/test-condition.ts'
import { matchesNamePattern } from '../change/name-pattern.ts'
import type { ChangeTransform, RoutedChange, TransformOutcome } from './change-transform.ts'

/** Which changes come through. */
export interface ChangeFilterOptions {
  /** Names and patterns of tables of which nothing does. */
  readonly excludedTables: readonly string[]
  readonly operations: ReadonlySet<Operation>
  /** Undefined: all. */
  readonly condition: Condition | undefined
  /** What becomes of a change with which an item leaves the condition: nothing, or a delete. */
  readonly leaving: 'drop' | 'delete'
  /** True: judges changes that were read anew, and no others. For a second look behind the re-reading. */
  readonly isSecondLook?: boolean
}

/**
 * Drops changes. A condition that cannot be judged, because it asks for attributes of an image that was not captured, lets
 * the change through: what is dropped is gone, and a delete that is dropped leaves its item behind for ever.
 */
export function createChangeFilter(options: ChangeFilterOptions): ChangeTransform {
  return {
    apply: (changes, { name }) => {
      const isExcluded = options.excludedTables.some((pattern) => matchesNamePattern(pattern, name))
      return Promise.resolve(changes.map((change) => (isExcluded ? dropped : outcomeOf(change, name, options))))
    },
  }
}

const dropped: TransformOutcome = { kind: 'passed', changes: [] }

function outcomeOf(change: RoutedChange, table: string, options: ChangeFilterOptions): TransformOutcome {
  const { event } = change
  const { operations, condition, leaving, isSecondLook = false } = options
  const passed: TransformOutcome = { kind: 'passed', changes: [change] }
  if (isSecondLook && event.reselected === undefined) return passed
  if (!operations.has(event.operation)) return dropped
  if (condition === undefined || testCondition(condition, event, table) !== false) return passed
  if (leaving === 'drop' || event.operation !== 'MODIFY') return dropped
  // What was never in needs no delete; what cannot be told may have been.
  if (testCondition(condition, event, table, true) === false) return dropped
  return { kind: 'passed', changes: [{ ...change, event: asDelete(event) }] }
}

function asDelete(event: ChangeEvent): ChangeEvent {
  return { ...event, operation: 'REMOVE', newImage: undefined }
}
