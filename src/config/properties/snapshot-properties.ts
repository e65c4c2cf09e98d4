import { choice, defaulted, integer } from '../property.ts'

/** How the items that a table already has get into its topic. */
export const snapshotProperties = {
  'snapshot.mode': defaulted(choice(['initial', 'never']), 'initial', {
    importance: 'high',
    isShared: true,
    documentation:
      'Whether the items that a table holds already are written to its topic: `initial`, once, when the pipeline meets the table for the first time, merged with the changes of that time; or `never`.',
  }),
  'snapshot.segments': defaulted(integer(1, 1_000), 4, {
    importance: 'medium',
    documentation:
      'Parts in which a table is scanned, side by side. Frozen for a snapshot when it begins. More are faster and cost the table more read capacity per second.',
  }),
}
