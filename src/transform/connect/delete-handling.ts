import type { SettingProblem } from './settings.ts'

/** What becomes of a delete and of the tombstone behind it. */
export const deleteModes = ['drop', 'tombstone', 'rewrite', 'rewrite-with-tombstone', 'delete-to-tombstone'] as const
export type DeleteMode = (typeof deleteModes)[number]

/** The words of Debezium's versions up to 2.4. */
export const tombstonesWere = ['drop', 'rewrite', 'none'] as const

/** As Debezium carries the older properties over to the newer one. */
export function deleteHandling(values: {
  readonly 'delete.tombstone.handling.mode': DeleteMode | undefined
  readonly 'drop.tombstones': boolean | undefined
  readonly 'delete.handling.mode': (typeof tombstonesWere)[number] | undefined
}): DeleteMode | SettingProblem {
  const mode = values['delete.tombstone.handling.mode']
  const { 'drop.tombstones': isDropped = true, 'delete.handling.mode': older = 'drop' } = values
  const isOlder = values['drop.tombstones'] !== undefined || values['delete.handling.mode'] !== undefined
  if (!isOlder) return mode ?? 'tombstone'
  if (mode !== undefined) {
    return {
      setting: 'delete.tombstone.handling.mode',
      problem: 'takes the place of drop.tombstones and delete.handling.mode; give one or the other',
    }
  }
  switch (older) {
    case 'drop':
      return isDropped ? 'drop' : 'tombstone'
    case 'rewrite':
      return isDropped ? 'rewrite' : 'rewrite-with-tombstone'
    case 'none':
      if (isDropped) return 'delete-to-tombstone'
      return {
        setting: 'delete.handling.mode',
        problem: 'is none, so drop.tombstones must be true: a delete would leave two',
      }
  }
}
