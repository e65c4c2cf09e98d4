import type { Recorded } from './play.ts'
import type { Shape } from './shape.ts'

/** One thing in which two answers to a step differ. */
export interface Difference {
  readonly step: string
  /**
   * `words`: of an error. `more`: a member that only ours has. `shape`: everything else in a body. A `status` that differs is
   * followed by no difference of the words and shape.
   */
  readonly part: 'status' | 'contentType' | 'location' | 'allow' | 'words' | 'more' | 'shape'
  readonly theirs: string
  readonly ours: string
}

/** All differences, in the order of the steps. Throws if the steps are not the same: then the recording is old. */
export function differencesOf(theirs: readonly Recorded[], ours: readonly Recorded[]): readonly Difference[] {
  const [names, ownNames] = [theirs, ours].map((all) => all.map(({ step }) => step).join('\n'))
  if (names !== ownNames) throw new Error('the recording has other steps than the conversation: record it anew')
  return theirs.flatMap((their, index) => ofStep(their, ours[index] ?? their))
}

function ofStep(theirs: Recorded, ours: Recorded): readonly Difference[] {
  const { step } = theirs
  const headers = (['contentType', 'location', 'allow'] as const).flatMap((part): readonly Difference[] =>
    (theirs[part] ?? null) === (ours[part] ?? null)
      ? []
      : [{ step, part, theirs: theirs[part] ?? '', ours: ours[part] ?? '' }],
  )
  if (theirs.status !== ours.status)
    return [{ step, part: 'status', theirs: String(theirs.status), ours: String(ours.status) }, ...headers]
  return [...headers, ...ofBodies(theirs.body, ours.body, { step, place: '' })]
}

interface Place {
  readonly step: string
  readonly place: string
}

function ofBodies(theirs: Shape | undefined, ours: Shape | undefined, { step, place }: Place): readonly Difference[] {
  if (isObject(theirs) && isObject(ours)) {
    const names = [...new Set([...Object.keys(theirs), ...Object.keys(ours)])].toSorted()
    return names.flatMap((name) => ofBodies(theirs[name], ours[name], { step, place: `${place}.${name}` }))
  }
  if (Array.isArray(theirs) && Array.isArray(ours) && theirs.length === ours.length)
    return theirs.flatMap((each: Shape, index) => ofBodies(each, ours[index], { step, place: `${place}[${index}]` }))
  const [left, right] = [JSON.stringify(theirs) ?? '', JSON.stringify(ours) ?? '']
  if (left === right) return []
  const part = place === '.message' ? 'words' : left === '' ? 'more' : 'shape'
  const [their, our] = [left, right].map((text) => (text === '' ? '' : `${place} ${text}`))
  return [{ step, part, theirs: their ?? '', ours: our ?? '' }]
}

function isObject(shape: Shape | undefined): shape is { readonly [name: string]: Shape } {
  return typeof shape === 'object' && shape !== null && !Array.isArray(shape)
}
