import { shownName } from '../config-entry.ts'
import type { ConfigEntry } from '../config-entry.ts'
import type { Problem } from '../problem.ts'
import type { Translation } from './translation.ts'
import type { ConnectInput, ConnectRule } from './translator.ts'

/** What a connector's properties are seen with. */
export interface ConnectInputOptions {
  /** Names of properties whose references cannot be resolved. */
  readonly failed: ReadonlySet<string>
  readonly ruleOf: (name: string) => ConnectRule | undefined
}

/** The input of a translator, which keeps what it makes. */
export interface CollectingInput extends ConnectInput {
  /** What was made so far, with the properties of ours that stand in the file. */
  translation(): Translation
}

/** Input over all entries of a file; `own` are those of them that are properties of ours. */
export function createConnectInput(
  entries: readonly ConfigEntry[],
  own: readonly ConfigEntry[],
  { failed, ruleOf }: ConnectInputOptions,
): CollectingInput {
  const byName = new Map(entries.map((entry) => [entry.name, entry]))
  const ours = new Set(own.map(({ name }) => name))
  const made = new Map<string, Made>()
  const access = new Map<string, ConfigEntry>()
  const [problems, notes]: [Problem[], string[]] = [[], []]
  const spoiled = new Set([...failed].flatMap((name) => targetsOf(ruleOf(name))))
  const placeOf = (name: string): string => `${byName.get(name)?.where ?? 'the connector'} (${shownName(name)})`
  const text = (name: string): string | undefined => {
    const value = byName.get(name)?.value
    const trimmed = typeof value === 'string' ? value.trim() : ''
    return trimmed === '' ? undefined : trimmed
  }
  const problem = (name: string, words: string): void => {
    problems.push({ name, where: byName.get(name)?.where, text: `${shownName(name)} ${words}` })
    for (const target of targetsOf(ruleOf(name))) spoiled.add(target)
  }
  return {
    text,
    isGiven: (name) => failed.has(name) || text(name) !== undefined || Array.isArray(byName.get(name)?.value),
    isEmpty: (name) => typeof byName.get(name)?.value === 'string' && text(name) === undefined,
    names: (prefix) => [...byName.keys()].filter((name) => name.startsWith(prefix) && text(name) !== undefined),
    set: (name, value, from) => {
      const earlier = made.get(name)
      if (ours.has(name) || failed.has(name)) {
        if (from !== undefined) notes.push(`without effect, since ${name} is set: ${from}`)
      } else if (earlier === undefined) {
        const where = from === undefined ? 'the connector' : placeOf(from)
        made.set(name, { entry: { name, value, where }, from })
      } else if (from !== undefined && earlier.entry.value !== value) {
        problem(from, `says otherwise than ${earlier.from ?? 'the rest of the file'}`)
      }
    },
    setKafkaAccess: (name, value, from) => void access.set(name, { name, value, where: placeOf(from) }),
    problem,
    note: (words) => void notes.push(words),
    translation: () => ({
      entries: [...own, ...[...made.values()].map(({ entry }) => entry)],
      kafkaAccess: [...access.values()],
      problems,
      notes,
      spoiled: [...spoiled],
    }),
  }
}

interface Made {
  readonly entry: ConfigEntry
  readonly from: string | undefined
}

function targetsOf(rule: ConnectRule | undefined): readonly string[] {
  if (rule?.kind === 'becomes') return [rule.name]
  return rule?.kind === 'read' ? rule.names : []
}
