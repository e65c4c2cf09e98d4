import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { configJsonSchema } from './json-schema.ts'
import { propertyList } from './properties.ts'

const schema = z.object({
  properties: z.record(z.string(), z.object({ $ref: z.string() })),
  required: z.array(z.string()),
  additionalProperties: z.literal(false),
  $defs: z.record(
    z.string(),
    z.looseObject({
      properties: z.record(z.string(), z.object({ $ref: z.string() })).optional(),
      description: z.string().optional(),
    }),
  ),
})

const parsed = schema.parse(configJsonSchema())

/** The definition that a path of keys leads to, as an editor follows it. */
function follow(
  ...keys: readonly string[]
): { readonly description?: string | undefined; readonly properties?: object | undefined } | undefined {
  let members: Readonly<Record<string, { readonly $ref: string }>> | undefined = parsed.properties
  let found: (typeof parsed.$defs)[string] | undefined
  for (const key of keys) {
    const reference: string | undefined = members?.[key]?.$ref
    if (reference === undefined) return undefined
    found = parsed.$defs[reference.replace('#/$defs/', '')]
    members = found?.properties
  }
  return found
}

describe('configJsonSchema', () => {
  it.each([[['source.role.arn']], [['source', 'role.arn']], [['source', 'role', 'arn']], [['source.role', 'arn']]])(
    'knows %j',
    (keys) => {
      expect(follow(...keys)?.description).toBe(propertyList.get('source.role.arn')?.documentation)
    },
  )

  it.each([...propertyList.keys()])('knows %s dotted and nested, with its documentation', (name) => {
    expect(follow(name)?.description).toBe(propertyList.get(name)?.documentation)
    expect(follow(...name.split('.'))?.description).toBe(propertyList.get(name)?.documentation)
  })

  it('has no loose ends', () => {
    const text = JSON.stringify(configJsonSchema())
    for (const [, name = ''] of text.matchAll(/"#\/\$defs\/([^"]+)"/g)) expect(parsed.$defs).toHaveProperty([name])
    expect(parsed.required).toEqual(['pipeline'])
    expect(follow('kafka', 'sasl.password')?.description).toBeDefined()
    expect(follow('kafka', 'nonsense')).toBeUndefined()
  })
})
