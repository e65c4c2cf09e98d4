import { shownName } from '../config-entry.ts'
import type { ConfigEntry } from '../config-entry.ts'
import type { Problem } from '../problem.ts'

/** A file that holds the configuration of a connector of Kafka Connect. */
export interface ConnectorFile {
  /** The connector's properties by name, `name` among them if it is given. */
  readonly entries: readonly ConfigEntry[]
  readonly problems: readonly Problem[]
}

const classProperty = 'connector.class'
const section = 'config.'

/** What Connect's answers hold besides `name` and `config`. */
const ofAnswers: ReadonlySet<string> = new Set(['tasks', 'type', 'initial_state'])

/**
 * Finds a connector in the entries of a file: a flat map of properties, or `{"name": …, "config": {…}}` as Connect's REST
 * API takes and gives it. Undefined for any other file. `problems` are those of the file's shape.
 */
export function connectorFile(
  entries: readonly ConfigEntry[],
  problems: readonly Problem[],
): ConnectorFile | undefined {
  if (entries.some(({ name }) => name === classProperty)) return { entries, problems }
  if (!entries.some(({ name }) => name === section + classProperty)) return undefined
  const inner = entries.flatMap((entry) =>
    entry.name.startsWith(section) ? [{ ...entry, name: entry.name.slice(section.length) }] : [],
  )
  const outer = entries.filter(({ name }) => !name.startsWith(section) && !ofAnswers.has(name))
  const found = problems.filter((problem) => problem.name === undefined || !ofAnswers.has(problem.name))
  const both = outer.filter(({ name }) => inner.some((entry) => entry.name === name))
  for (const entry of both) {
    const { where, value } = inner.find(({ name }) => name === entry.name) ?? entry
    // Connect's own answers hold the name twice.
    if (entry.name !== 'name' || entry.value !== value)
      found.push({ where, text: `${shownName(entry.name)} is given again (first at ${entry.where})` })
  }
  return { entries: [...inner, ...outer.filter((entry) => !both.includes(entry))], problems: found }
}
