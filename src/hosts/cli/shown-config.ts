import { stringify } from 'yaml'
import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { familyNames } from '../../config/property-family.ts'
import { propertyList } from '../../config/properties.ts'
import type { Given } from '../../config/property.ts'

/**
 * What a configuration comes to: every property that is not at its default, by its name, those of a connector under their
 * names of ours. Secrets show as hidden. Of Kafka's properties only the address and the way to log in.
 */
export function shownConfig(config: PipelineConfig): Readonly<Record<string, unknown>> {
  const values: ReadonlyMap<string, unknown> = new Map<string, unknown>(Object.entries(config.values))
  const given: Given = {
    pipeline: config.pipeline,
    env: {},
    text: (name) => asText(plain(values.get(name))),
    isGiven: (name) => asText(plain(values.get(name))) !== asText(plain(propertyList.get(name)?.defaultValue)),
  }
  const set = [...propertyList].flatMap(([name, property]) => {
    const value = plain(values.get(name))
    const byDefault = property.defaultFrom?.(given) ?? plain(property.defaultValue)
    return value === undefined || asText(value) === asText(byDefault) ? [] : [[name, value] as const]
  })
  const ofFamilies = familyNames
    .flatMap((family) => [...config.families[family].values()])
    .flatMap((members) => [...members.values()])
    .map(({ name, value }) => [name, value] as const)
  const ofTables = config.overrides.entries.map(({ name, value }) => [name, value] as const)
  return Object.fromEntries([...set, ...ofTables, ...ofFamilies, ...kafkaLines(config)])
}

/** The same as a pipeline file, with the notes above it. */
export function shownConfigText(config: PipelineConfig): string {
  const notes = config.notes.map((note) => `# ${note}\n`).join('')
  return `${notes}${stringify(shownConfig(config), { lineWidth: 0 })}`
}

/** As JSON would have it: secrets hide themselves. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown)
}

/** A value as it would stand in a file: lists with commas. */
function asText(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  return Array.isArray(value) ? value.map(asText).join(',') : JSON.stringify(value)
}

function kafkaLines({
  kafka: { brokers, tls, sasl, compression },
}: PipelineConfig): readonly (readonly [string, string])[] {
  const protocol = `${sasl === undefined ? '' : 'SASL_'}${tls === undefined ? 'PLAINTEXT' : 'SSL'}`
  return [
    ['kafka.bootstrap.servers', brokers.join(',')],
    ['kafka.security.protocol', protocol],
    ...(sasl === undefined ? [] : [['kafka.sasl.mechanism', sasl.mechanism] as const]),
    ...(sasl !== undefined && 'username' in sasl
      ? [['kafka.sasl.username', sasl.username] as const, ['kafka.sasl.password', String(sasl.password)] as const]
      : []),
    ...(compression === 'none' ? [] : [['kafka.compression.type', compression] as const]),
  ]
}
