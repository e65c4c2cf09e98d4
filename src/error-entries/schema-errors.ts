import { entry } from './error-entry.ts'

/** What can go wrong between records and their schemas. */
export const schemaErrors = {
  SCHEMA_MISMATCH: entry(
    'stop-table',
    'A change does not fit the schema that its records are written with: an attribute that the schema does not name, of another type, or a number that would not be exact. The message names the attribute and never its value.',
    'Correct the declared schema (`tailrace schema infer` proposes one), give it a field for the rest, or see `format.schema.evolution`; then restart a worker: the table goes on where it stopped.',
  ),
} as const
