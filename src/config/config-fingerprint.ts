import { createHash } from 'node:crypto'
import type { PipelineConfig } from './pipeline-config.ts'
import { propertyList } from './properties.ts'
import type { Property } from './property.ts'

/**
 * A hash (64 hexadecimal digits) of the properties on which all workers of a pipeline must agree: those declared
 * `isShared`. Addresses, credentials, memory and logging are not among them.
 *
 * A property at its default does not count. So a version of tailrace that knows one more property agrees with an older
 * one, until somebody sets it.
 */
export function configFingerprint(config: Pick<PipelineConfig, 'pipeline' | 'values'>): string {
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
    .sort()
  return createHash('sha256').update(JSON.stringify(shared)).digest('hex')
}

/** Only what all workers derive alike: a default that comes from a worker's environment is a value like any other. */
function defaultOf(property: Property, pipeline: string): unknown {
  if (property.presence === 'optional') return undefined
  return property.defaultFrom?.({ pipeline, env: {}, text: () => undefined }) ?? property.defaultValue
}

/** Most lists are sets: their order and repetitions mean nothing. */
function canonical(value: unknown, { isOrdered = false }: Property): string | undefined {
  return JSON.stringify(Array.isArray(value) && !isOrdered ? [...new Set(value.map(String))].sort() : value)
}
