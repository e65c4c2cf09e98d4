import { createHash } from 'node:crypto'
import type { PipelineConfig } from './pipeline-config.ts'
import { propertyList } from './properties.ts'
import { familyNames } from './property-family.ts'
import type { Families } from './property-family.ts'
import type { Property } from './property.ts'

/**
 * A hash (64 hexadecimal digits) of the properties on which all workers of a pipeline must agree: those declared
 * `isShared`, and the declared schemas. Addresses, credentials, memory and logging are not among them.
 *
 * A property at its default does not count. So a version of tailrace that knows one more property agrees with an older
 * one, until somebody sets it.
 */
export function configFingerprint(
  config: Pick<PipelineConfig, 'pipeline' | 'values' | 'families' | 'recordSchemas' | 'overrides'>,
): string {
  const values: ReadonlyMap<string, unknown> = new Map<string, unknown>(Object.entries(config.values))
  const shared = [...propertyList]
    .filter(([, property]) => property.isShared === true)
    .map(
      ([name, property]) =>
        [
          name,
          canonical(values.get(name), property),
          canonical(defaultOf(property, config.pipeline), property),
        ] as const,
    )
    .filter(([, value, defaultValue]) => value !== undefined && value !== defaultValue)
    .map(([name, value]) => `${name}=${value ?? ''}`)
  return createHash('sha256')
    .update(
      JSON.stringify([
        ...[...shared, ...familyTexts(config.families), ...overrideTexts(config)].sort(),
        ...declaredSchemas(config.recordSchemas),
      ]),
    )
    .digest('hex')
}

/** What the files say counts, and not where a worker finds them: that is in `format.schemas`. */
function declaredSchemas({ declared }: PipelineConfig['recordSchemas']): readonly string[] {
  return declared.map(({ table, text }) => `schema of ${table}=${text}`).sort()
}

/** Only what all workers derive alike: a default that comes from a worker's environment is a value like any other. */
function defaultOf(property: Property, pipeline: string): unknown {
  if (property.presence === 'optional') return undefined
  return (
    property.defaultFrom?.({ pipeline, env: {}, text: () => undefined, isGiven: () => false }) ?? property.defaultValue
  )
}

/** Lists are sets here, unless they are declared otherwise: their order and repetitions mean nothing. */
function canonical(value: unknown, { isOrdered }: Property): string | undefined {
  return JSON.stringify(Array.isArray(value) && isOrdered !== true ? [...new Set(value.map(String))].sort() : value)
}

/** What a table has of its own counts even if it is as for all tables; unless it decides nothing of what is written. */
function overrideTexts({ overrides }: Pick<PipelineConfig, 'overrides'>): readonly string[] {
  return [...overrides.byTable].flatMap(([table, values]) =>
    Object.entries(values).flatMap(([name, value]) => {
      const property = propertyList.get(name)
      return property?.isShared === true ? [`tables.${table}.${name}=${canonical(value, property) ?? ''}`] : []
    }),
  )
}

/** Every property of an alias counts, as it is written; a list is what it would be with commas. */
function familyTexts(families: Families): readonly string[] {
  const entries = familyNames.flatMap((family) => [...families[family].values()])
  return entries.flatMap((members) =>
    [...members.values()].map(
      ({ name, value }) => `${name}=${JSON.stringify(typeof value === 'string' ? value : value.join(','))}`,
    ),
  )
}
