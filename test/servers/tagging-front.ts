import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Agent, request } from 'undici'
import { isObject, ServiceError, textMember } from './stream-simulator/service-error.ts'
import { createTagTable } from './tag-table.ts'
import type { TagTable } from './tag-table.ts'

/**
 * DynamoDB Local, which knows no tags, with tags: TagResource, UntagResource, ListTagsOfResource and `tag:GetResources` are answered from a table of
 * the front's own, everything else is handed on as it is, and so are its answers. A table that is deleted loses its tags, as in AWS; other than there, what
 * was tagged is found at once, and GetResources says nothing of tables that have lost all their tags.
 */
export interface TaggingFront extends AsyncDisposable {
  /** For the APIs of DynamoDB, its streams, and the tagging service. */
  readonly endpoint: string
  /** What it answered itself, by operation. */
  readonly answered: Readonly<Record<string, number>>
}

type Body = Readonly<Record<string, unknown>>

/** What a request asks for, and how it is handed on. */
interface Incoming {
  readonly action: string
  readonly body: Body
  readonly handOn: () => Promise<Answer>
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** Starts the front on a free port of the loopback interface; `upstream` is DynamoDB Local's endpoint. */
export async function startTaggingFront(upstream: string): Promise<TaggingFront> {
  const agent = new Agent({ connections: 128 })
  const tags = createTagTable()
  const answered: Record<string, number> = {}
  const server = createServer({ keepAliveTimeout: 60_000, noDelay: true }, (incoming, response) => {
    serve({ upstream, agent, tags, answered }, incoming, response).catch(() => {
      // The caller, or DynamoDB Local, has gone away in the middle.
      response.destroy()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the front has no port')
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    answered,
    [Symbol.asyncDispose]: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
      await agent.destroy()
    },
  }
}

interface Front {
  readonly upstream: string
  readonly agent: Agent
  readonly tags: TagTable
  readonly answered: Record<string, number>
}

async function serve(front: Front, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) if (Buffer.isBuffer(chunk)) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  const target = String(incoming.headers['x-amz-target'] ?? '')
  const handOn = (): Promise<Answer> => exchange(front, incoming, bytes)
  const answer = await perform(front, {
    action: target.slice(target.indexOf('.') + 1),
    get body(): Body {
      const body: unknown = JSON.parse(bytes.toString())
      if (isObject(body)) return body
      throw new ServiceError('SerializationException', 'The body is not an object')
    },
    handOn,
  })
  response.writeHead(answer.status, { ...answer.headers, 'content-length': answer.body.length })
  response.end(answer.body)
}

async function perform(front: Front, incoming: Incoming): Promise<Answer> {
  if (incoming.action === 'DeleteTable') return await deleteTable(front, incoming)
  const own = operations[incoming.action]
  if (own === undefined) return await incoming.handOn()
  front.answered[incoming.action] = (front.answered[incoming.action] ?? 0) + 1
  try {
    return json(200, await own(front, incoming.body))
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    return json(400, { __type: `com.amazonaws.dynamodb.v20120810#${error.type}`, message: error.message })
  }
}

/** What each operation answers. */
const operations: Readonly<Record<string, (front: Front, body: Body) => unknown>> = {
  TagResource: async (front, body) => {
    front.tags.add(await existing(front, body), body['Tags'])
    return {}
  },
  UntagResource: async (front, body) => {
    front.tags.remove(await existing(front, body), body['TagKeys'])
    return {}
  },
  ListTagsOfResource: async (front, body) => ({ Tags: front.tags.list(await existing(front, body)) }),
  GetResources: ({ tags }, body) => tags.find(body),
}

/** Handed on; what it does is noticed. */
async function deleteTable({ tags }: Front, { body, handOn }: Incoming): Promise<Answer> {
  const answer = await handOn()
  if (answer.status === 200) tags.forget(textMember(body, 'TableName'))
  return answer
}

/** The ARN of the request, if there is such a table. */
async function existing(front: Front, body: Body): Promise<string> {
  const arn = textMember(body, 'ResourceArn')
  const name = /:table\/([^/:]+)$/.exec(arn)?.[1]
  if (name === undefined) throw new ServiceError('ValidationException', `Invalid TableArn: ${arn}`)
  const answer = await request(front.upstream, {
    method: 'POST',
    dispatcher: front.agent,
    headers: { ...asAnybody, 'x-amz-target': 'DynamoDB_20120810.DescribeTable' },
    body: JSON.stringify({ TableName: name }),
  })
  await answer.body.dump()
  if (answer.statusCode === 200) return arn
  throw new ServiceError('ResourceNotFoundException', `Requested resource not found: ResourcArn: ${arn} not found`)
}

/** DynamoDB Local wants a signature's shape but does not check it. */
const asAnybody = {
  'content-type': 'application/x-amz-json-1.0',
  authorization:
    'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
}

/** Headers that are about one connection. */
const ofConnection = new Set(['host', 'connection', 'keep-alive', 'content-length', 'transfer-encoding', 'expect'])

async function exchange({ upstream, agent }: Front, incoming: IncomingMessage, body: Buffer): Promise<Answer> {
  const headers = Object.entries(incoming.headers).flatMap(([name, value]) =>
    ofConnection.has(name) || value === undefined ? [] : [[name, String(value)] as const],
  )
  const answer = await request(`${upstream}${incoming.url ?? '/'}`, {
    dispatcher: agent,
    method: 'POST',
    headers: Object.fromEntries(headers),
    body,
  })
  const kept = Object.entries(answer.headers).flatMap(([name, value]) =>
    ofConnection.has(name) || value === undefined ? [] : [[name, String(value)] as const],
  )
  return {
    status: answer.statusCode,
    headers: Object.fromEntries(kept),
    body: new Uint8Array(await answer.body.arrayBuffer()),
  }
}

function json(status: number, body: unknown): Answer {
  const headers = { 'content-type': 'application/x-amz-json-1.0' }
  return { status, headers, body: Buffer.from(JSON.stringify(body)) }
}
