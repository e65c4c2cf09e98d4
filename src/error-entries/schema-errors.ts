import { entry } from './error-entry.ts'

/** What can go wrong between records and their schemas. */
export const schemaErrors = {
  SCHEMA_MISMATCH: entry(
    'stop-table',
    'A change does not fit the schema that its records are written with: an attribute that the schema does not name, of another type, or a number that would not be exact. The message names the attribute and never its value.',
    'Correct the declared schema (`tailrace schema infer` proposes one), give it a field for the rest, or see `format.schema.evolution`; then restart a worker: the table goes on where it stopped.',
  ),
  SCHEMA_DECLARATION: entry(
    'refuse',
    'A declared schema cannot be read, or holds something that records of a table cannot have, such as a union or a default.',
    'Change the declaration at the place that the message names; `tailrace schema infer` prints one that is read.',
  ),
  SCHEMA_FORM: entry(
    'stop-table',
    'Records of a table cannot be described in the format: a name that it does not allow, two names that become one, or a type that it lacks.',
    'Set `format.field.name.adjustment.mode`, rename the field in the declared schema, or choose another format.',
  ),
  SCHEMA_SAMPLE: entry(
    'refuse',
    'There is no item that a schema could be inferred from.',
    'Write items as they will be, or declare the schema by hand.',
  ),
  SCHEMA_GUID_MISSING: entry(
    'stop-table',
    'Schema ids are to be written into headers, which takes a GUID, and the schema registry gives its schemas none (older ones, and Apicurio).',
    'Set `format.schema.id.in: prefix`, or use a registry with GUIDs; then restart a worker: the table goes on where it stopped.',
  ),
} as const
