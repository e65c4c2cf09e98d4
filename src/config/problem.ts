import type { ErrorCode } from '../error-catalogue.ts'
import { TailraceError } from '../errors.ts'

/** One thing that is wrong with a configuration. Its text never quotes a value: any value may be a misplaced secret. */
export interface Problem {
  /** The property, where the problem is that it has no value. */
  readonly name?: string
  /** Where it stands: `line 4`, `kafka.properties.file line 3`; absent when something is missing. */
  readonly where?: string | undefined
  readonly text: string
  readonly code?: Extract<ErrorCode, 'CONFIG_INVALID' | 'SECRET_UNAVAILABLE' | 'AWS_REGION'>
}

/** Most problems that one message lists; the rest are counted. */
const maximumListed = 50

/**
 * All problems as one error. Its code is the problems' own when they agree, CONFIG_INVALID otherwise.
 * `path` names the file for people.
 */
export function problemsError(path: string, problems: readonly Problem[]): TailraceError {
  const codes = new Set(problems.map((problem) => problem.code ?? 'CONFIG_INVALID'))
  const [onlyCode] = codes
  const code = codes.size === 1 && onlyCode !== undefined ? onlyCode : 'CONFIG_INVALID'
  const message = describeProblems(path, problems)
  return new TailraceError(code, message, { details: { file: path, problems: problems.length } })
}

/** One line for one problem; a heading and a line each for several. */
export function describeProblems(path: string, problems: readonly Problem[]): string {
  const lines = problems.map(({ where, text }) => (where === undefined ? text : `${where}: ${text}`))
  if (lines.length === 1) return `${path}: ${lines[0] ?? ''}`
  const listed = lines.slice(0, maximumListed)
  if (lines.length > maximumListed) listed.push(`and ${lines.length - maximumListed} more`)
  return `${path} has ${lines.length} problems:\n${listed.map((line) => `  ${line}`).join('\n')}`
}
