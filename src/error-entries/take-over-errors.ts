import { entry } from './error-entry.ts'

/** What can go wrong when positions of another product are taken over. */
export const takeOverErrors = {
  LEASES_MOVING: entry(
    'refuse',
    'Somebody renews leases of the old connector: it still runs, and its positions would be old at once.',
    'Stop the old connector (in Connect: `PUT /connectors/<name>/stop`, or delete it) and take its positions over again.',
  ),
  LEASES_UNUSABLE: entry(
    'refuse',
    'The lease tables of the old connector do not exist, hold no positions that can be read, or do not fit the pipeline; or the file of its offsets is none.',
    'Check that the pipeline reads the tables, the region and the account of the old connector; without its positions the pipeline begins at `source.start`.',
  ),
  PIPELINE_STARTED: entry(
    'refuse',
    'The pipeline has delivered changes: positions of another product would repeat or skip some.',
    'Take positions over before the first start, or into a pipeline of another name; `tailrace offsets` changes those of one that has run.',
  ),
} as const
