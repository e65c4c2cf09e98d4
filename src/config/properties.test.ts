import { describe, expect, it } from 'vitest'
import {
  allKafkaNames,
  firstKafkaName,
  fixedKafkaProperties,
  kafkaPropertyList,
  refusedKafkaProperties,
  unusedKafkaProperties,
} from './kafka-property-catalogue.ts'
import { propertyList } from './properties.ts'

const kafkaNames = allKafkaNames().filter((name) => firstKafkaName(name) !== undefined)
const names = [...propertyList.keys(), ...kafkaNames.map((name) => `kafka.${name}`)]

describe('declarations', () => {
  it.each([...propertyList])('%s is complete', (name, property) => {
    expect(name).toMatch(/^[a-z]+(\.[a-z]+)*$/)
    expect(property.documentation).toMatch(/^[A-Z`].*\.$/s)
    expect(property.rule).not.toMatch(/\.$/)
    const { defaultValue } = property
    if (defaultValue !== undefined) expect(property.schema.safeParse(defaultValue)).toMatchObject({ success: true })
    expect(property.presence === 'defaulted').toBe(
      defaultValue !== undefined || (property.defaultFrom !== undefined && property.presence !== 'optional'),
    )
    if (property.defaultFrom !== undefined) expect(property.defaultNote).toBeDefined()
  })

  it('no name that has an effect is the section of another, so that nesting is never ambiguous', () => {
    for (const name of names) expect(names.filter((other) => other.startsWith(`${name}.`))).toEqual([])
  })

  it('no Kafka name is declared twice', () => {
    const all = [
      ...[...kafkaPropertyList].flatMap(([name, { aliases }]) => [name, ...aliases]),
      ...fixedKafkaProperties.keys(),
      ...refusedKafkaProperties.keys(),
      ...unusedKafkaProperties,
    ]
    expect(all.filter((name, at) => all.indexOf(name) !== at)).toEqual([])
    expect(firstKafkaName('metadata.broker.list')).toBe('bootstrap.servers')
  })
})
