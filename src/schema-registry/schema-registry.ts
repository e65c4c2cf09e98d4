import type { TailraceError } from '../errors.ts'

/** The kinds of schemas, by the registry's names. */
export type SchemaType = 'AVRO' | 'JSON' | 'PROTOBUF'

/** A schema that another one builds on: a version of a subject, and how the text names it. */
export interface SchemaReference {
  /** What the text says: an Avro full name, a `$ref` of JSON Schema, an import of Protobuf. */
  readonly name: string
  readonly subject: string
  readonly version: number
}

/**
 * A schema as somebody wants to write with it. Whoever writes should keep one object for each schema: the registry
 * remembers objects that it has seen, and compares texts only for new ones.
 */
export interface SchemaText {
  readonly type: SchemaType
  readonly text: string
  readonly references?: readonly SchemaReference[] | undefined
}

/** What a registry calls a schema by. */
export type SchemaId = number | string

/** A schema that the registry knows. Never changes: an id stands for one text for ever. */
export interface RegisteredSchema extends SchemaText {
  /**
   * A positive 32-bit integer, unique within one context of the registry; of Glue the id of the schema's version, which is
   * its GUID.
   */
  readonly id: SchemaId
  /** Unique anywhere, in lower case with dashes; undefined where the registry gives none (older ones, and Apicurio). */
  readonly guid: string | undefined
  /** Its place among the subject's schemas, from 1; undefined where the registry did not say. */
  readonly version: number | undefined
}

/**
 * A schema registry, as far as writers need it: a Confluent-compatible one, or AWS Glue's, whose schemas are called subjects
 * here, too.
 *
 * All methods share what they find out: however many ask for one thing at the same time, the registry is asked once. A
 * registry that is away, overloaded or not itself (5xx, 429, 408, broken answers) is waited for until the signal aborts,
 * and each wait is told to whoever made the client. What the registry refuses rejects at once: SCHEMA_INCOMPATIBLE,
 * SCHEMA_INVALID, SCHEMA_NOT_FOUND, SCHEMA_REGISTRY_AUTHORIZATION.
 *
 * Subjects are given without a context; the client puts the configured one in front.
 */
export interface SchemaRegistry extends AsyncDisposable {
  /**
   * What `resolve` has found before, without asking; undefined if it has not. For code that may not wait: ask this, and
   * where it knows nothing, stop, await `resolve` and begin again.
   */
  known(subject: string, schema: SchemaText): RegisteredSchema | undefined
  /**
   * With which schema records of the subject are written: the given one, registered if need be, or the subject's latest,
   * by `auto.register.schemas` and `use.latest.version`. Whoever writes must encode by the `text` that comes back, which is
   * the given one unless the latest is used. Remembered for the life of the client; a refusal for half a minute, so that
   * those who try again do not press the registry.
   */
  resolve(subject: string, schema: SchemaText, signal: AbortSignal): Promise<RegisteredSchema>
  /** The schema with that id. Some registries want to be told a subject that has it (contexts, permissions). Remembered. */
  byId(id: SchemaId, subject: string | undefined, signal: AbortSignal): Promise<RegisteredSchema>
  /** The subject's newest schema at this moment. Not remembered. SCHEMA_NOT_FOUND if the subject has none. */
  latest(subject: string, signal: AbortSignal): Promise<RegisteredSchema>
  /**
   * Which changes of schemas the registry allows in general, in its own words (`BACKWARD`, `FULL_TRANSITIVE`, `NONE` …). Glue
   * keeps that for each schema: it is asked whether the registry is there, and the answer is what new schemas are given.
   */
  compatibility(signal: AbortSignal): Promise<string>
  /** Ends all connections. Whoever still waits gets rejected. Same as disposing. */
  close(): Promise<void>
}

/** A failed attempt to reach the registry, about to be repeated. */
export interface RegistryWait {
  /** What was to be done: `register`, `look up`, `get the latest schema of`, `get schema <id>`, `get the compatibility`. */
  readonly action: string
  /** What it was about; undefined where it is the registry in general. */
  readonly subject: string | undefined
  /** SCHEMA_REGISTRY_UNREACHABLE or SCHEMA_REGISTRY_RESPONSE, of Glue also AWS_CREDENTIALS; names the server. */
  readonly error: TailraceError
  /** 0 for the first failure of this question. */
  readonly attempt: number
  readonly delayMs: number
}
