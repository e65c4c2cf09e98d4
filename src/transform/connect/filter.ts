import { stepType } from './step-type.ts'

/** Drops every record that it applies to: of use with a predicate. */
export const filter = stepType({
  name: 'Filter',
  hasSides: false,
  needsPredicate: true,
  documentation: 'Drops every record; give it a predicate.',
  settings: {},
  create: () => ({ apply: () => undefined, shapes: (shapes) => shapes }),
})
