import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { isJsonObject } from '../../../src/aws/json-object.ts'
import type { JsonObject } from '../../../src/aws/json-object.ts'
import { npmPackageFolder } from '../../../src/hosts/demo/npm-package.ts'
import { providerSchemas } from './terraform-schema.ts'
import type { BlockSchema, MemberSchema } from './terraform-schema.ts'

const parser = { title: "HashiCorp's HCL parser", name: '@cdktn/hcl2json', version: '0.24.0' }

/** Arguments that every resource takes. */
const metaArguments = new Set(['depends_on', 'count', 'for_each', 'lifecycle', 'provider'])

/**
 * What is wrong with a module of Terraform: read by HashiCorp's own parser, and held against the schemas of the AWS provider:
 * unknown and missing arguments, values of another type, and references to what is not there.
 */
export async function checkTerraform(text: string): Promise<readonly string[]> {
  const folder = await npmPackageFolder(parser, { onProgress: (line) => console.error(`test servers: ${line}`) })
  const main = pathToFileURL(path.join(folder, 'build', 'index.js')).href
  const { parse } = (await import(main)) as {
    readonly parse: (file: string, text: string) => Promise<JsonObject>
  }
  let module: JsonObject
  try {
    module = await parse('main.tf', text)
  } catch (error) {
    return [`it is no HCL: ${error instanceof Error ? error.message : String(error)}`]
  }
  const schemas = await providerSchemas()
  const blocks = [...resourcesOf(module, 'resource', ''), ...resourcesOf(module, 'data', 'data.')]
  return [
    ...blocks.flatMap(({ type, name, body }) => {
      const schema = schemas.get(type)
      return schema === undefined ? [`${type} is not known`] : checkBlock(`${type}.${name}`, body, schema)
    }),
    ...checkReferences(module, blocks, schemas),
  ]
}

interface Block {
  readonly type: string
  readonly name: string
  readonly body: JsonObject
}

function resourcesOf(module: JsonObject, kind: string, prefix: string): readonly Block[] {
  return Object.entries(objectOf(module[kind])).flatMap(([type, named]) =>
    Object.entries(objectOf(named)).flatMap(([name, bodies]) =>
      listOf(bodies).map((body) => ({ type: `${prefix}${type}`, name, body: objectOf(body) })),
    ),
  )
}

function checkBlock(place: string, body: JsonObject, { members }: BlockSchema): readonly string[] {
  const given = flatten(body)
  const missing = [...members]
    .filter(([name, { isRequired }]) => isRequired && !given.some(([one]) => camelCase(one) === name))
    .map(([name]) => `${place} lacks ${name}`)
  const wrong = given.flatMap(([name, value]) => {
    if (metaArguments.has(name)) return []
    const schema = members.get(camelCase(name))
    return schema === undefined ? [`${place} has no ${name}`] : checkValue(`${place}.${name}`, value, schema)
  })
  return [...missing, ...wrong]
}

/** `dynamic "x" { content { … } }` is `x { … }`, as often as it likes. */
function flatten(body: JsonObject): readonly (readonly [string, unknown])[] {
  const dynamic = Object.entries(objectOf(body['dynamic'])).flatMap(([name, blocks]) =>
    listOf(blocks).map((block) => [name, listOf(objectOf(block)['content'])] as const),
  )
  return [...Object.entries(body).filter(([name]) => name !== 'dynamic'), ...dynamic]
}

function checkValue(place: string, value: unknown, { type, isList }: MemberSchema): readonly string[] {
  if (typeof type === 'object') return listOf(value).flatMap((block) => checkBlock(place, objectOf(block), type))
  if (isExpression(value)) return []
  if (isList) {
    if (!Array.isArray(value)) return [`${place} must be a list`]
    return value.flatMap((one) => checkValue(place, one, { type, isList: false, isRequired: true }))
  }
  const isRight = type === 'map' ? isJsonObject(value) : typeof value === type
  return isRight ? [] : [`${place} must be of type ${type}`]
}

function checkReferences(
  module: JsonObject,
  blocks: readonly Block[],
  schemas: ReadonlyMap<string, BlockSchema>,
): readonly string[] {
  const variables = objectOf(module['variable'])
  const expressions = [...JSON.stringify(module).matchAll(/\$\{((?:[^{}]|\{[^{}]*\})*)\}/g)].map(
    ([, inner = '']) => inner,
  )
  return expressions.flatMap((expression) => {
    const used = [...expression.matchAll(/\bvar\.(\w+)/g)].map(([, name = '']) => name)
    const unknown = used.filter((name) => !Object.hasOwn(variables, name)).map((name) => `there is no var.${name}`)
    const references = expression.matchAll(/((?:data\.)?\baws_\w+)\.(\w+)(?:\.(\w+))?/g)
    const wrong = [...references].flatMap(([whole, type = '', name = '', attribute]) => {
      if (!blocks.some((block) => block.type === type && block.name === name)) return [`there is no ${whole}`]
      const schema = schemas.get(type)
      const isKnown = attribute === undefined || schema?.attributes.has(camelCase(attribute)) === true
      return isKnown ? [] : [`${type} has no attribute ${attribute}`]
    })
    return [...unknown, ...wrong]
  })
}

function isExpression(value: unknown): boolean {
  return typeof value === 'string' && /^\$\{[\s\S]*\}$/.test(value)
}

function camelCase(name: string): string {
  return name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {}
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value]
}
