import type { ConfigEntry } from './config-entry.ts'
import type { Problem } from './problem.ts'
import { Secret } from './secret.ts'

/** The Kafka properties of one configuration by their first names, and the place for what is found wrong with them. */
export interface KafkaInput {
  /** How messages name a property. */
  shown(name: string): string
  /** Who is connected to, for messages. */
  readonly peer: string
  /** The text of a property (a list joined by commas); undefined if it is not given. */
  text(name: string): string | undefined
  /** A problem of a property that is given, with its place; or of one that is missing. */
  problem(name: string, text: string): void
  /** Something that the user should know and that stops nothing. */
  note(text: string): void
  /** Keeps the text from being shown anywhere. */
  secret(text: string): Secret
  /** The text of a file that a property names; adds a problem and gives undefined if there is none. */
  file(name: string, path: string): string | undefined
}

/** What reading has found so far. */
export interface KafkaFindings {
  readonly problems: Problem[]
  readonly notes: string[]
  readonly secrets: Secret[]
}

/** Input over entries whose names are first names and whose references are resolved. */
export function createKafkaInput(
  entries: ReadonlyMap<string, ConfigEntry>,
  findings: KafkaFindings,
  readText: (path: string) => string,
  { prefix, peer }: { readonly prefix: string; readonly peer: string } = { prefix: 'kafka.', peer: 'a broker' },
): KafkaInput {
  const problem = (name: string, text: string): void => {
    findings.problems.push({
      name: `${prefix}${name}`,
      where: entries.get(name)?.where,
      text: `${prefix}${name} ${text}`,
    })
  }
  return {
    shown: (name) => `${prefix}${name}`,
    peer,
    text: (name) => {
      const value = entries.get(name)?.value
      return typeof value === 'object' ? value.join(',') : value
    },
    problem,
    note: (text) => void findings.notes.push(text),
    secret: (text) => {
      const secret = new Secret(text)
      findings.secrets.push(secret)
      return secret
    },
    file: (name, path) => {
      try {
        return readText(path)
      } catch {
        // The reason (absent, no permission, a folder) is not needed to find the mistake, and may hold a path's secret.
        problem(name, 'names a file that cannot be read')
        return undefined
      }
    },
  }
}
