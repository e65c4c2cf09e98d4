import { readFileSync } from 'node:fs'
import path from 'node:path'
import { cachedFolder } from '../../../src/hosts/demo/cached-folder.ts'
import { runTool } from '../../../src/hosts/demo/run-tool.ts'

const packed = { name: '@cdktn/provider-aws', version: '25.7.0' }

/** What templates may be made of; each is a folder of the package. */
const kinds = [
  'cloudwatch-log-group',
  'cloudwatch-metric-alarm',
  'data-aws-caller-identity',
  'data-aws-dynamodb-table',
  'data-aws-iam-policy-document',
  'data-aws-partition',
  'data-aws-region',
  'iam-role',
  'iam-role-policy',
  'lambda-event-source-mapping',
  'lambda-function',
]

/** A block's arguments, as the AWS provider declares them. */
export interface BlockSchema {
  readonly members: ReadonlyMap<string, MemberSchema>
  /** Of a resource: what can be read of it besides its arguments. */
  readonly attributes: ReadonlySet<string>
}

export interface MemberSchema {
  readonly isRequired: boolean
  readonly isList: boolean
  readonly type: 'string' | 'number' | 'boolean' | 'map' | BlockSchema
}

/**
 * Schemas of the AWS provider's resources and data sources by their names in HCL (`aws_lambda_function`, `data.aws_region`), out
 * of the types that CDK Terrain generates from the provider (6.66.0). Fetched once (45 MB).
 */
export async function providerSchemas(): Promise<ReadonlyMap<string, BlockSchema>> {
  const folder = await fetchTypes()
  return new Map(
    kinds.map((kind) => {
      const name = kind.startsWith('data-aws-') ? `data.${kind.slice(5)}` : `aws-${kind}`
      return [name.replaceAll('-', '_'), readTypes(path.join(folder, 'package', 'lib', kind, 'index.d.ts'), kind)]
    }),
  )
}

function fetchTypes(): Promise<string> {
  const report = (line: string): void => console.error(`test servers: ${line}`)
  return cachedFolder({
    name: path.join('npm', `terraform-aws-types-${packed.version}-${kinds.length}`),
    onWait: () => report('waiting for another process that is fetching schemas of Terraform'),
    fill: async (empty) => {
      report("fetching schemas of Terraform's AWS provider with npm (once)")
      const options = { purpose: 'fetching schemas of Terraform', cwd: empty }
      await runTool('npm', ['pack', '--silent', `${packed.name}@${packed.version}`], options)
      const tarball = `${packed.name.slice(1).replace('/', '-')}-${packed.version}.tgz`
      const files = kinds.map((kind) => `package/lib/${kind}/index.d.ts`)
      await runTool('tar', ['-xzf', tarball, ...files], options)
      await runTool('rm', [tarball], options)
    },
  })
}

function readTypes(file: string, kind: string): BlockSchema {
  const text = readFileSync(file, 'utf8')
  const interfaces = new Map<string, string>()
  for (const [, name = '', body = ''] of text.matchAll(/^export interface (\w+)[^{]*\{\n([\s\S]*?)^\}/gm))
    interfaces.set(name, body)
  const name = kind.replaceAll(/(^|-)(\w)/g, (_, __, letter: string) => letter.toUpperCase())
  const attributes = new Set([...text.matchAll(/^ {4}get (\w+)\(\)/gm)].map(([, getter = '']) => getter))
  const schema = blockOf(`${name}Config`, interfaces)
  if (schema.members.size === 0 && interfaces.get(`${name}Config`) === undefined)
    throw new Error(`the types of ${kind} have another form`)
  return { members: schema.members, attributes }
}

function blockOf(name: string, interfaces: ReadonlyMap<string, string>): BlockSchema {
  const members = new Map<string, MemberSchema>()
  for (const [, member = '', optional, type = ''] of (interfaces.get(name) ?? '').matchAll(
    /^ {4}readonly (\w+)(\??): (\{|.*(?=;$))/gm,
  ))
    members.set(member, memberOf(type, optional === '', interfaces))
  return { members, attributes: new Set() }
}

function memberOf(type: string, isRequired: boolean, interfaces: ReadonlyMap<string, string>): MemberSchema {
  const first = type.split(' | ')[0] ?? ''
  const isList = first.endsWith('[]')
  const element = isList ? first.slice(0, -2) : first
  if (element === 'string' || element === 'number' || element === 'boolean')
    return { isRequired, isList, type: element }
  if (element.startsWith('{')) return { isRequired, isList, type: 'map' }
  return { isRequired, isList, type: blockOf(element, interfaces) }
}
