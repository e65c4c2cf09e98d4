import type { LogFields, Logger } from './logger.ts'

/** Connect's words for levels, from the least severe. Nothing is logged as `FATAL`: it lets through as little as `OFF`. */
export type LevelWord = 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' | 'FATAL' | 'OFF'

/** Every word, in order. */
export const levelWords: readonly LevelWord[] = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL', 'OFF']

/** What is known of one logger. */
export interface NamedLevel {
  readonly level: LevelWord
  /** Milliseconds since the epoch; null if it was never set by anybody. */
  readonly changedAtMs: number | null
}

/** Loggers by dotted names, whose levels can be changed while they are used. A new one has the level of the nearest above it. */
export interface LogLevels {
  /** The logger of that name, made if there is none; its lines carry the name. `root` is above all. */
  logger(name: string): Logger
  /** It is listed no more. Whoever still has it may go on writing. */
  forget(name: string): void
  /** Ordered by name. */
  levels(): ReadonlyMap<string, NamedLevel>
  /** Sets a logger and all below it, and returns the names of those whose level was another one, in order; undefined if there is no such logger. */
  set(name: string, level: LevelWord): readonly string[] | undefined
}

/** What they are made of. */
export interface LogLevelsOptions {
  /** Lets every line through. */
  readonly base: Logger
  readonly level: LevelWord
  /** Wall-clock milliseconds. */
  readonly now: () => number
}

interface Gate {
  level: LevelWord
  changedAtMs: number | null
}

/** The root name, as Connect calls it. */
export const rootLogger = 'root'

/** Makes them, with the root alone. */
export function createLogLevels({ base, level, now }: LogLevelsOptions): LogLevels {
  const gates = new Map<string, Gate>([[rootLogger, { level, changedAtMs: null }]])
  const gateOf = (name: string): Gate => {
    const known = gates.get(name)
    if (known !== undefined) return known
    const above = name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : rootLogger
    const gate: Gate = { level: nearest(gates, above).level, changedAtMs: null }
    gates.set(name, gate)
    return gate
  }
  return {
    logger: (name) => gated(name === rootLogger ? base : base.child({ logger: name }), gateOf(name)),
    forget: (name) => void (name === rootLogger || gates.delete(name)),
    levels: () => new Map([...gates].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    set: (name, wanted) => {
      const names = [...gates.keys()]
        .filter((each) => each === name || name === rootLogger || each.startsWith(`${name}.`))
        .sort()
      if (!gates.has(name)) return undefined
      const changed = names.filter((each) => gateOf(each).level !== wanted)
      for (const each of changed) Object.assign(gateOf(each), { level: wanted, changedAtMs: now() })
      return changed
    },
  }
}

function nearest(gates: ReadonlyMap<string, Gate>, name: string): Gate {
  const found = gates.get(name)
  if (found !== undefined) return found
  return nearest(gates, name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : rootLogger)
}

function gated(inner: Logger, gate: Gate): Logger {
  const line = (word: LevelWord, write: (message: string, fields?: LogFields) => void): typeof write => {
    const severity = levelWords.indexOf(word)
    return (message, fields) => {
      if (severity >= levelWords.indexOf(gate.level)) write(message, fields)
    }
  }
  return {
    trace: line('TRACE', (message, fields) => inner.trace(message, fields)),
    debug: line('DEBUG', (message, fields) => inner.debug(message, fields)),
    info: line('INFO', (message, fields) => inner.info(message, fields)),
    warn: line('WARN', (message, fields) => inner.warn(message, fields)),
    error: line('ERROR', (message, fields) => inner.error(message, fields)),
    child: (fields) => gated(inner.child(fields), gate),
  }
}
