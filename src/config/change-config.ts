import { isAbsolute, join } from 'node:path'
import type { Condition } from '../change/condition/condition.ts'
import { parseCondition } from '../change/condition/parse-condition.ts'
import type { FilterProblem } from '../change/filter-token.ts'
import { parseMaskRule } from '../change/mask-rule.ts'
import type { MaskRule } from '../change/mask-rule.ts'
import { parseRouteRule } from '../change/route-rule.ts'
import type { RouteRule } from '../change/route-rule.ts'
import type { Problem } from './problem.ts'
import { isCodePath } from './properties/transform-properties.ts'
import type { PropertyName, PropertyValues } from './properties.ts'
import type { Secret } from './secret.ts'

/** What becomes of changes in front of the envelope. */
export interface ChangeConfig {
  readonly filter: {
    /** Names and patterns. */
    readonly excludedTables: readonly string[]
    readonly operations: readonly ('INSERT' | 'MODIFY' | 'REMOVE' | 'READ')[]
    /** Undefined means all changes. */
    readonly condition: Condition | undefined
    readonly leaving: 'drop' | 'delete'
  }
  /** Items are read anew where a stream has no new images. */
  readonly reselects: boolean
  readonly code: UserCodeConfig
  readonly masks: readonly MaskRule[]
  readonly hmacKey: Secret | undefined
  readonly routes: readonly RouteRule[]
}

/** The user's own files. */
export interface UserCodeConfig {
  /** Absolute, unless the pipeline file's own path is not; in the order of calls. */
  readonly files: readonly string[]
  readonly timeoutMs: number
  readonly memoryMaxBytes: number
}

/** Gives checked values the shape in which the program uses them. `folder` is that of the pipeline file. */
export function changeConfig(values: PropertyValues, folder: string): ChangeConfig {
  const condition = values['filter.condition']
  const parsed = condition === undefined ? undefined : parseCondition(condition)
  return {
    filter: {
      excludedTables: values['filter.exclude.tables'],
      operations: values['filter.operations'],
      condition: parsed === undefined || 'problem' in parsed ? undefined : parsed,
      leaving: values['filter.leaving'],
    },
    reselects: values.reselect === 'missing-images',
    code: {
      files: values.transforms.filter(isCodePath).map((file) => (isAbsolute(file) ? file : join(folder, file))),
      timeoutMs: values['transform.timeout.ms'],
      memoryMaxBytes: values['transform.memory.max.bytes'],
    },
    masks: rulesOf(values['mask.fields'].map(parseMaskRule)),
    hmacKey: values['mask.hmac.key'],
    routes: rulesOf(values['route.rules'].map(parseRouteRule)),
  }
}

function rulesOf<T extends object>(parsed: readonly (T | FilterProblem)[]): readonly T[] {
  return parsed.flatMap((one) => ('problem' in one ? [] : [one]))
}

/** What is wrong with conditions and rules, with the character (from 1) at which it shows. */
export function changeProblems(
  values: PropertyValues,
  whereOf: (name: PropertyName) => string | undefined,
): readonly Problem[] {
  const condition = values['filter.condition']
  const conditions = condition === undefined ? [] : [condition]
  const problems = [
    ...problemsIn('filter.condition', conditions.map(parseCondition), whereOf),
    ...problemsIn('mask.fields', values['mask.fields'].map(parseMaskRule), whereOf),
    ...problemsIn('route.rules', values['route.rules'].map(parseRouteRule), whereOf),
  ]
  const needsKey = changeConfig(values, '').masks.some(({ method }) => method.kind === 'hmac')
  if (needsKey && values['mask.hmac.key'] === undefined)
    problems.push({ where: whereOf('mask.fields'), text: 'mask.fields with hmac needs mask.hmac.key' })
  return problems
}

function problemsIn(
  name: 'filter.condition' | 'mask.fields' | 'route.rules',
  parsed: readonly (object | FilterProblem)[],
  whereOf: (name: PropertyName) => string | undefined,
): Problem[] {
  return parsed.flatMap((one, index) => {
    if (!('problem' in one)) return []
    const which = name === 'filter.condition' ? name : `${name}, entry ${index + 1}`
    return [{ where: whereOf(name), text: `${which}: ${one.problem} (character ${one.at + 1})` }]
  })
}

/** What the user should know of a configuration that is right. */
export function changeNotes(values: PropertyValues): readonly string[] {
  const notes: string[] = []
  if (!values['filter.operations'].includes('READ') && values['snapshot.mode'] !== 'never')
    notes.push('filter.operations has no READ: snapshots deliver nothing (snapshot.mode: never saves their reads)')
  const isCompacted = values['topic.cleanup.policy'].includes('compact')
  if (isCompacted && values['filter.condition'] !== undefined && values['filter.leaving'] === 'drop')
    notes.push('filter.leaving is drop: items that leave filter.condition stay in compacted topics as they last were')
  return notes
}
