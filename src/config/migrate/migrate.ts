import { basename } from 'node:path'
import { TailraceError } from '../../errors.ts'
import type { ConfigEntry } from '../config-entry.ts'
import { connectorFile } from '../connect/connector-file.ts'
import { translateConnector, translatorOf } from '../connect/translate-connector.ts'
import type { Translation } from '../connect/translation.ts'
import { findContradictions } from '../contradictions.ts'
import { fileEntries } from '../file-entries.ts'
import type { Problem } from '../problem.ts'
import { familyOf } from '../property-family.ts'
import { isTableOverride } from '../table-overrides.ts'
import { readValues } from '../read-values.ts'
import { differencesOf, migrationSources } from './differences.ts'
import type { MigrationSource } from './differences.ts'
import { translateRedpandaConnect } from './redpanda-connect.ts'
import { hasReference, inOrder, neededAllowances, valueOf, withoutSecrets } from './rewritten-entries.ts'

/** A file of another product as a pipeline of ours. No text holds a secret of the file. */
export interface Migration {
  /** Properties of ours by name, in the order of the reference, those of Kafka's clients last. */
  readonly properties: Readonly<Record<string, unknown>>
  /** What differs whatever the file says. */
  readonly differences: readonly string[]
  /** What has no effect, and what a reader should know of this file. */
  readonly notes: readonly string[]
  /** What is not taken over, and what has still to be said; empty where the pipeline is complete but for the way to Kafka. */
  readonly open: readonly string[]
}

/**
 * Rewrites a file. A function of its arguments: references stay as they are, and a secret that stands in the file becomes a
 * reference to a variable that its note names. Throws CONFIG_UNREADABLE, and CONFIG_INVALID for the file of another product.
 */
export function migrate(file: { readonly text: string; readonly path: string }, from: MigrationSource): Migration {
  const { translation, translator } = translate(file, from)
  const kafka = translation.kafkaAccess.map((entry) => ({ ...entry, name: `kafka.${entry.name}` }))
  const said = new Set(translation.entries.map(({ name }) => name))
  const given = [...translation.entries, ...kafka.filter(({ name }) => !said.has(name))]
  const { entries, notes: aboutSecrets } = withoutSecrets(given)
  const all = [...entries, ...neededAllowances(entries)]
  const wrong = [...translation.problems, ...problemsOf(all, translation)]
  const reachesKafka = all.some(({ name }) => name === 'kafka.bootstrap.servers')
  return {
    properties: Object.fromEntries(inOrder(all).map((entry) => [entry.name, valueOf(entry)])),
    differences: differencesOf(from, translator).filter((text) => !isDone(text, all)),
    notes: [
      ...translation.notes,
      ...aboutSecrets,
      ...(reachesKafka
        ? []
        : ['how Kafka is reached is not in the file: set kafka.bootstrap.servers and the rest, or give --worker']),
    ],
    open: wrong.map(({ where, text }) => (where === undefined ? text : `${where}: ${text}`)),
  }
}

/** The file has asked for the old envelope already. */
function isDone(text: string, entries: readonly ConfigEntry[]): boolean {
  return text.includes('`format.envelope') && entries.some(({ name }) => name === 'format.envelope')
}

interface Translated {
  readonly translation: Translation
  readonly translator: ReturnType<typeof translatorOf>
}

function translate(file: { readonly text: string; readonly path: string }, from: MigrationSource): Translated {
  const found = fileEntries(file)
  const fileName = basename(file.path)
  if (from === 'redpanda-connect') {
    const translation = translateRedpandaConnect(found, fileName)
    const isOther = !found.entries.some(({ name }) => name.startsWith('input.aws_dynamodb_cdc.'))
    if (isOther) throw otherFile(file.path, 'has no input aws_dynamodb_cdc')
    return { translation, translator: undefined }
  }
  const connector = connectorFile(found.entries, found.problems)
  const translator = connector === undefined ? undefined : translatorOf(connector.entries)
  if (
    connector === undefined ||
    translator === undefined ||
    !migrationSources[from].some((one) => one === translator)
  ) {
    const classes = migrationSources[from].flatMap((one) => one.classes)
    throw otherFile(file.path, `is no file of ${from}: connector.class must be one of ${classes.join(', ')}`)
  }
  const translation = translateConnector(connector.entries, { fileName, failed: new Set() })
  return { translation: { ...translation, problems: [...connector.problems, ...translation.problems] }, translator }
}

function otherFile(path: string, reason: string): TailraceError {
  return new TailraceError('CONFIG_INVALID', `${path} ${reason}`, { details: { file: path } })
}

/**
 * What is wrong with the rewritten properties, as far as it can be told without their references: a value that cannot be
 * seen here is neither wrong nor missing.
 */
function problemsOf(entries: readonly ConfigEntry[], { spoiled }: Translation): readonly Problem[] {
  const own = entries.filter(
    ({ name }) => !name.startsWith('kafka.') && familyOf(name) === undefined && !isTableOverride(name),
  )
  const unseen = new Set([...spoiled, ...own.filter(hasReference).map(({ name }) => name)])
  const seen = own.filter(({ name }) => !unseen.has(name))
  const { values, problems } = readValues(seen, {})
  const whereOf = (name: string): string | undefined => seen.find((entry) => entry.name === name)?.where
  const contradictions = values === undefined ? [] : findContradictions(values, whereOf)
  return [...problems, ...contradictions].filter(({ name }) => name === undefined || !unseen.has(name))
}
