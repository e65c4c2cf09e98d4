import { TailraceError } from '../../errors.ts'
import type { LogLevels } from '../../observe/log-levels.ts'
import type { LoggerLevel, LoggerRequest } from '../server/rest/connect-service.ts'
import { shown } from '../server/rest/request-values.ts'

/** The logger of a connector. */
export function connectorLogger(name: string): string {
  return `tailrace.connector.${name}`
}

/** The levels of this process in Connect's JSON. */
export function loggerLevels(levels: LogLevels): ReadonlyMap<string, LoggerLevel> {
  return new Map(
    [...levels.levels()].map(([name, { level, changedAtMs }]) => [name, { level, last_modified: changedAtMs }]),
  )
}

/** One of them. Throws LOGGER_UNKNOWN. */
export function loggerNamed(levels: LogLevels, name: string): LoggerLevel {
  const found = loggerLevels(levels).get(name)
  if (found === undefined) throw unknown(name)
  return found
}

/** Sets a level in this process, and gives the loggers whose level was another one. Throws LOGGER_UNKNOWN. */
export function setLevel(levels: LogLevels, name: string, { level }: LoggerRequest): readonly string[] {
  const changed = levels.set(name, level)
  if (changed === undefined) throw unknown(name)
  return changed
}

function unknown(name: string): TailraceError {
  return new TailraceError('LOGGER_UNKNOWN', `Logger ${shown(name)} not found.`)
}
