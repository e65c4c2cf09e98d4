/**
 * What a log line may hold besides its message. Names, counts and positions: never an item's values, never a secret.
 * (Secrets that slip into a text are hidden by the logger; item values are not known to it.)
 */
export type LogValue = string | number | boolean | bigint | Error | readonly string[] | readonly number[] | undefined

/** Facts of one line by name, in snake-free camelCase: `{ lane: 3, shardId, error }`. */
export type LogFields = Readonly<Record<string, LogValue>>

/** From the least to the most severe; `silent` writes nothing. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** Writes lines. Never throws, never waits, keeps the order of calls. */
export interface Logger {
  /** One line per page or transaction: too much for production. */
  trace(message: string, fields?: LogFields): void
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  /** Something that heals by itself, or that the user should change. */
  warn(message: string, fields?: LogFields): void
  /** Something that has stopped. */
  error(message: string, fields?: LogFields): void
  /** A logger whose lines all carry `fields`. */
  child(fields: LogFields): Logger
}

/** Writes nothing. For tests and for parts whose owner did not ask for a log. */
export const silentLogger: Logger = {
  trace: () => {},
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
}

/** What was thrown, as an Error, for a log field. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
