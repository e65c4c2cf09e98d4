import { z } from 'zod'
import { kafkaPropertyList } from '../kafka-property-catalogue.ts'
import type { KafkaProperty } from '../kafka-property-catalogue.ts'
import { propertyList } from '../properties.ts'
import type { Property } from '../property.ts'
import { groupOf, kafkaGroup } from '../property-groups.ts'
import type { ConfigKeyInfo, ConfigType } from './config-infos.ts'
import { displayName } from './display-name.ts'
import { dependentsOf } from './visibility.ts'

/** A definition, and the values among which a form lets one choose. */
export interface Definition {
  readonly key: ConfigKeyInfo
  readonly choices: readonly string[]
}

/** Gives each definition its place in its group. */
export function placed(definitions: readonly UnplacedDefinition[]): readonly Definition[] {
  const sizes = new Map<string, number>()
  return definitions.map(({ key, choices }) => {
    const order = (sizes.get(key.group) ?? 0) + 1
    sizes.set(key.group, order)
    return { key: { ...key, order_in_group: order }, choices }
  })
}

/** A definition without its place. */
export interface UnplacedDefinition {
  readonly key: Omit<ConfigKeyInfo, 'order_in_group'>
  readonly choices: readonly string[]
}

/** Every property of a pipeline file, those of Kafka's clients with `kafka.` in front. In the order of the reference. */
export function ownDefinitions(): readonly UnplacedDefinition[] {
  const own = [...propertyList].map(([name, property]) => propertyDefinition(name, property))
  return [...own, ...[...kafkaPropertyList].map(([name, property]) => kafkaDefinition(`kafka.${name}`, property))]
}

function propertyDefinition(name: string, property: Property): UnplacedDefinition {
  const { presence, defaultNote, documentation, importance, rule } = property
  const byDefault = presence === 'required' || defaultNote === undefined ? '' : ` By default ${defaultNote}.`
  const type = typeOf(property)
  return {
    key: {
      name,
      type,
      // A connector's name names its pipeline.
      required: presence === 'required' && property.defaultFrom === undefined && name !== 'pipeline',
      default_value: defaultText(property),
      importance: upper(importance),
      documentation: `${documentation}${type === 'BOOLEAN' ? '' : ` Must be ${rule}.`}${byDefault}`,
      group: groupOf(name),
      width: widthOf(type),
      display_name: displayName(name),
      dependents: dependentsOf(name, propertyList.keys()),
    },
    choices: choicesOf(property.schema),
  }
}

function kafkaDefinition(
  name: string,
  { type, isSecret, importance, documentation }: KafkaProperty,
): UnplacedDefinition {
  const kafkaType = isSecret ? 'PASSWORD' : plainTypes[type]
  return {
    key: {
      name,
      type: kafkaType,
      required: false,
      default_value: null,
      importance: upper(importance),
      documentation,
      group: kafkaGroup,
      width: widthOf(kafkaType),
      display_name: displayName(name),
      dependents: dependentsOf(
        name,
        [...kafkaPropertyList.keys()].map((each) => `kafka.${each}`),
      ),
    },
    choices: [],
  }
}

const plainTypes = { text: 'STRING', integer: 'INT', boolean: 'BOOLEAN', list: 'LIST' } as const

function typeOf({ type, isSecret, schema }: Property): ConfigType {
  if (isSecret === true) return 'PASSWORD'
  return type === 'integer' && greatest(z.toJSONSchema(schema, { io: 'input' })) > 2_147_483_647
    ? 'LONG'
    : plainTypes[type]
}

/** The greatest number that a JSON Schema of a number lets pass. */
function greatest({ maximum, anyOf, const: only }: z.core.JSONSchema.BaseSchema): number {
  if (anyOf !== undefined) return Math.max(...anyOf.map(greatest))
  return maximum ?? (typeof only === 'number' ? only : Number.MAX_SAFE_INTEGER)
}

/** The words of a property that takes nothing else. */
function choicesOf(schema: z.ZodType): readonly string[] {
  return schema instanceof z.ZodEnum ? schema.options.map(String) : []
}

function defaultText({ defaultValue }: Property): string | null {
  if (defaultValue === undefined) return null
  if (Array.isArray(defaultValue)) return defaultValue.join(',')
  return typeof defaultValue === 'string' ? defaultValue : JSON.stringify(defaultValue)
}

/** Kafka writes it in capitals. */
export function upper(importance: Property['importance']): ConfigKeyInfo['importance'] {
  return importance === 'high' ? 'HIGH' : importance === 'medium' ? 'MEDIUM' : 'LOW'
}

/** How wide a form's field is. */
export function widthOf(type: ConfigType): ConfigKeyInfo['width'] {
  if (type === 'INT' || type === 'LONG' || type === 'BOOLEAN') return 'SHORT'
  return type === 'LIST' ? 'LONG' : 'MEDIUM'
}
