import { entry } from './error-entry.ts'

/** What can go wrong with a schema registry. */
export const schemaRegistryErrors = {
  SCHEMA_REGISTRY_UNREACHABLE: entry(
    'retry',
    'The schema registry (or the token endpoint of its credentials) did not answer, answered with a server error, or asked for fewer requests.',
    'Check `schema.registry.url`, `schema.registry.ssl.*` (or `schema.registry.glue.*`) and the network; tailrace retries for ever.',
  ),
  SCHEMA_REGISTRY_RESPONSE: entry(
    'retry',
    'An answer is not one of a schema registry: not JSON, too large, cut off, or without what it should hold.',
    'Check the path in `schema.registry.url` (Apicurio: `…/apis/ccompat/v7`), and for a proxy or a page of maintenance in between; tailrace retries for ever.',
  ),
  SCHEMA_REGISTRY_AUTHORIZATION: entry(
    'stop-table',
    'The schema registry does not accept the credentials, or they may not do what the message names.',
    'Correct the credentials (`schema.registry.basic.auth.*`, `schema.registry.bearer.auth.*`, for Glue those of the source) or grant the right, and restart a worker: the table goes on where it stopped.',
  ),
  SCHEMA_NOT_FOUND: entry(
    'stop-table',
    'The schema registry does not have the schema, and it is not to be registered (`auto.register.schemas: false`); or AWS Glue has no registry of that name.',
    'Register the schema under the subject that the message names, or create the registry, and restart a worker: the table goes on where it stopped.',
  ),
  SCHEMA_INCOMPATIBLE: entry(
    'stop-table',
    "The schema may not become the subject's next one by the registry's rules of compatibility, or the subject's latest schema is another one than tailrace would write with (`latest.compatibility.strict`).",
    "Read what the message says; change the subject's rules (in Glue also delete the version that failed), or write into another topic, and restart a worker: the table goes on where it stopped.",
  ),
  SCHEMA_INVALID: entry(
    'stop-table',
    'The schema registry does not accept a schema: it cannot read it, or takes none at the moment (read-only mode).',
    'Read what the message says, restart a worker when it is mended: the table goes on where it stopped.',
  ),
} as const
