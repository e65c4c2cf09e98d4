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
    const hasDefault = defaultValue !== undefined || property.defaultFrom !== undefined
    if (property.presence === 'defaulted') expect(hasDefault).toBe(true)
    else expect(defaultValue).toBeUndefined()
    if (property.defaultFrom !== undefined) expect(property.defaultNote).toBeDefined()
  })

  it('few names are the section of another: whoever nests can give only one of the two', () => {
    const both = names.filter((name) => names.some((other) => other.startsWith(`${name}.`)))
    // Written with dots they do not disturb each other.
    expect(both).toEqual([
      'source.tables',
      'source.kinesis.foreign',
      'source.kinesis.repair',
      'format.add.fields',
      'format.add.headers',
      'format.extras',
      'format.schemas',
    ])
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
