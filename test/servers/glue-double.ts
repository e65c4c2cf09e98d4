import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { requiredIn } from './glue-requests.ts'
import type { GlueAction, GlueBody } from './glue-requests.ts'

/** One request as it came. */
export interface GlueCall {
  readonly action: string
  readonly body: GlueBody
  readonly authorization: string
}

/** Answers instead of Glue. */
export type GlueFault = (response: ServerResponse, call: GlueCall) => void

/**
 * AWS Glue's schema registry in memory, as its API is documented: further versions are pending at first and may be refused.
 * What is compatible is decided by whoever made it.
 */
export interface GlueDouble extends AsyncDisposable {
  readonly endpoint: string
  readonly calls: readonly GlueCall[]
  /** The next requests are answered by these, one each, the later ones by Glue again. */
  fail(...faults: readonly GlueFault[]): void
  /** A registry of that name, beside the default one. */
  createRegistry(name: string): void
}

/** What may be settled about it. */
export interface GlueDoubleOptions {
  /** How many times a further version is pending when it is asked for; default: once. */
  readonly pendingPolls?: number
  /** May this definition follow those? Default: always. */
  readonly isCompatible?: (definition: string, earlier: readonly string[]) => boolean
}

/** An error as AWS answers it. */
export function glueRefusal(type: string, message: string, status = 400): GlueFault {
  return (response) =>
    void response
      .writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
      .end(JSON.stringify({ __type: type, Message: message }))
}

/** Listens on a free port of the loopback interface. */
export async function startGlueDouble(options: GlueDoubleOptions = {}): Promise<GlueDouble> {
  const calls: GlueCall[] = []
  const faults: GlueFault[] = []
  const glue = new Glue(options)
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const [service, action = ''] = String(request.headers['x-amz-target']).split('.')
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as GlueBody
      const call = { action, body, authorization: request.headers.authorization ?? '' }
      calls.push(call)
      const fault = faults.shift()
      if (fault !== undefined) return fault(response, call)
      if (service !== 'AWSGlue') return glueRefusal('UnknownOperationException', 'no such service')(response, call)
      return answer(glue, response, call)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    fail: (...more) => void faults.push(...more),
    createRegistry: (name) => glue.createRegistry(name),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function answer(glue: Glue, response: ServerResponse, call: GlueCall): void {
  try {
    const body = glue.handle(call.action as GlueAction, call.body)
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body))
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    glueRefusal(error.type, error.message)(response, call)
  }
}

class Refusal extends Error {
  readonly type: string

  constructor(type: string, message: string) {
    super(message)
    this.type = type
  }
}

interface Version {
  readonly id: string
  readonly number: number
  readonly definition: string
  readonly arn: string
  readonly dataFormat: string
  status: 'AVAILABLE' | 'PENDING' | 'FAILURE'
  pollsLeft: number
}

interface Schema {
  readonly arn: string
  readonly dataFormat: string
  readonly compatibility: string
  readonly versions: Version[]
}

const defaultName = 'default-registry'

class Glue {
  readonly #options: GlueDoubleOptions
  readonly #registries = new Map<string, Map<string, Schema>>()

  constructor(options: GlueDoubleOptions) {
    this.#options = options
  }

  createRegistry(name: string): void {
    this.#registries.set(name, new Map())
  }

  handle(action: GlueAction, body: GlueBody): object {
    const wrong = requiredIn(action, body)
    if (wrong !== undefined) throw new Refusal('ValidationException', wrong)
    switch (action) {
      case 'GetRegistry': {
        const name = body.RegistryId?.RegistryName ?? ''
        this.#registry(name)
        return { RegistryName: name, Status: 'AVAILABLE' }
      }
      case 'CreateSchema':
        return this.#create(body)
      case 'RegisterSchemaVersion': {
        const schema = this.#schema(body)
        const { id, number, status } = same(schema, body) ?? this.#add(schema, body.SchemaDefinition ?? '')
        return { SchemaVersionId: id, VersionNumber: number, Status: status }
      }
      case 'GetSchemaByDefinition': {
        const version = same(this.#schema(body), body)
        if (version === undefined) throw notFound('Schema version is not found.')
        const { id, arn, dataFormat, status } = version
        return { SchemaVersionId: id, SchemaArn: arn, DataFormat: dataFormat, Status: status }
      }
      case 'DeleteSchemaVersions': {
        const { versions } = this.#schema(body)
        versions.splice(0, versions.length, ...versions.filter(({ number }) => String(number) !== body.Versions))
        return { SchemaVersionErrors: [] }
      }
      case 'GetSchemaVersion':
        return this.#look(this.#version(body))
    }
  }

  #registry(name: string): Map<string, Schema> {
    const registry = this.#registries.get(name)
    if (registry === undefined) throw notFound(`Registry is not found. RegistryName: ${name}`)
    return registry
  }

  #schema({ SchemaId }: GlueBody): Schema {
    const schema = this.#registries.get(SchemaId?.RegistryName ?? '')?.get(SchemaId?.SchemaName ?? '')
    if (schema === undefined) throw notFound('Schema is not found.')
    return schema
  }

  #create(body: GlueBody): object {
    if (body.RegistryId === undefined && !this.#registries.has(defaultName)) this.createRegistry(defaultName)
    const registryName = body.RegistryId?.RegistryName ?? defaultName
    const registry = this.#registry(registryName)
    const { SchemaName = '', DataFormat = '', Compatibility = 'NONE', SchemaDefinition = '' } = body
    if (registry.has(SchemaName)) throw new Refusal('AlreadyExistsException', 'Schema already exists.')
    const arn = `arn:aws:glue:eu-west-1:000000000000:schema/${registryName}/${SchemaName}`
    const schema: Schema = { arn, dataFormat: DataFormat, compatibility: Compatibility, versions: [] }
    const version = this.#add(schema, SchemaDefinition)
    registry.set(SchemaName, schema)
    return {
      RegistryName: registryName,
      SchemaName,
      SchemaArn: arn,
      LatestSchemaVersion: 1,
      SchemaVersionId: version.id,
      SchemaVersionStatus: version.status,
    }
  }

  #add(schema: Schema, definition: string): Version {
    const { versions, compatibility, arn, dataFormat } = schema
    const isFirst = versions.length === 0
    if (!isFirst && compatibility === 'DISABLED')
      throw new Refusal('InvalidInputException', 'Compatibility DISABLED does not allow versioning.')
    if (dataFormat !== 'PROTOBUF' && canonical(definition) === undefined)
      throw new Refusal('InvalidInputException', `Schema definition of ${dataFormat} data format is invalid`)
    const { pendingPolls = 1 } = this.#options
    const version: Version = {
      id: randomUUID(),
      number: (versions.at(-1)?.number ?? 0) + 1,
      definition,
      arn,
      dataFormat,
      status: isFirst ? 'AVAILABLE' : 'PENDING',
      pollsLeft: pendingPolls,
    }
    versions.push(version)
    return version
  }

  #version({ SchemaVersionId, SchemaVersionNumber, ...body }: GlueBody): Version {
    if (SchemaVersionId !== undefined) {
      const all = [...this.#registries.values()].flatMap((registry) => [...registry.values()])
      const found = all.flatMap(({ versions }) => versions).find(({ id }) => id === SchemaVersionId)
      if (found === undefined) throw notFound('Schema version is not found.')
      return found
    }
    const { versions } = this.#schema(body)
    const number =
      SchemaVersionNumber?.LatestVersion === true ? versions.at(-1)?.number : SchemaVersionNumber?.VersionNumber
    const found = versions.find((version) => version.number === number)
    if (found === undefined) throw notFound('Schema version is not found.')
    return found
  }

  /** Being asked for is what time is here. */
  #look(version: Version): object {
    if (version.status === 'PENDING' && version.pollsLeft-- <= 0) {
      const { isCompatible = () => true } = this.#options
      version.status = isCompatible(version.definition, this.#before(version)) ? 'AVAILABLE' : 'FAILURE'
    }
    const { id, definition, arn, dataFormat, number, status } = version
    return {
      SchemaVersionId: id,
      SchemaDefinition: definition,
      SchemaArn: arn,
      DataFormat: dataFormat,
      VersionNumber: number,
      Status: status,
    }
  }

  #before({ arn, number }: Version): readonly string[] {
    const all = [...this.#registries.values()].flatMap((registry) => [...registry.values()])
    const versions = all.find((schema) => schema.arn === arn)?.versions ?? []
    return versions.filter((one) => one.number < number && one.status === 'AVAILABLE').map((one) => one.definition)
  }
}

function notFound(message: string): Refusal {
  return new Refusal('EntityNotFoundException', message)
}

function same({ versions, dataFormat }: Schema, { SchemaDefinition = '' }: GlueBody): Version | undefined {
  const form = (text: string): string | undefined => (dataFormat === 'PROTOBUF' ? text : canonical(text))
  return versions.find(({ definition }) => form(definition) === form(SchemaDefinition))
}

/** Without spaces; undefined for what is no JSON. */
function canonical(text: string): string | undefined {
  try {
    return JSON.stringify(JSON.parse(text))
  } catch {
    return undefined
  }
}
