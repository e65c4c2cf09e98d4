import { pino } from 'pino'
import type { DestinationStream, Logger as PinoLogger } from 'pino'
import { prettyFactory } from 'pino-pretty'
import { toLogRecord } from './log-record.ts'
import type { LogFields, Logger, LogLevel } from './logger.ts'
import type { Redactor } from './redactor.ts'

/** How and where to log. */
export interface LoggerOptions {
  readonly level: LogLevel
  /** `json`: one object a line. `pretty`: for eyes. */
  readonly format: 'json' | 'pretty'
  /** Only for `pretty`. */
  readonly isColored: boolean
  /** Gets whole lines, newline included; must not throw. Usually the process's standard error. */
  readonly destination: { write(line: string): unknown }
  /** Wall-clock milliseconds for the `time` field. */
  readonly now: () => number
  readonly redactor: Redactor
}

/** A logger on pino. It writes synchronously, so that the last lines before an exit are not lost. */
export function createLogger(options: LoggerOptions): Logger {
  const destination: DestinationStream =
    options.format === 'pretty' ? prettyDestination(options) : { write: (line) => void options.destination.write(line) }
  const root = pino(
    {
      level: options.level,
      // Process id and host name are the collector's business; a host name may not be wanted in a log at all.
      base: null,
      timestamp: () => `,"time":"${new Date(options.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      messageKey: 'message',
    },
    destination,
  )
  return wrap(root, options.redactor)
}

function prettyDestination(options: LoggerOptions): DestinationStream {
  const pretty = prettyFactory({
    colorize: options.isColored,
    messageKey: 'message',
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  })
  return { write: (line) => void options.destination.write(pretty(line)) }
}

function wrap(inner: PinoLogger, redactor: Redactor): Logger {
  const line =
    (level: 'trace' | 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields?: LogFields): void => {
      if (!inner.isLevelEnabled(level)) return
      inner[level](fields === undefined ? {} : toLogRecord(fields, redactor), redactor.redact(message))
    }
  return {
    trace: line('trace'),
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (fields) => wrap(inner.child(toLogRecord(fields, redactor)), redactor),
  }
}
