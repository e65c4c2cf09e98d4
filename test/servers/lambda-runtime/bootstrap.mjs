/**
 * A Lambda runtime for Node.js: takes invocations from the runtime interface at `AWS_LAMBDA_RUNTIME_API`, one after the other,
 * and answers with what the handler returns or throws. Loads the handler (`file.export`) from `LAMBDA_TASK_ROOT` first.
 */
import { existsSync } from 'node:fs'
import { Agent, request } from 'node:http'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const { AWS_LAMBDA_RUNTIME_API: api = '', LAMBDA_TASK_ROOT: root = '.', _HANDLER: handlerName = '' } = process.env
const [host, port] = api.split(':')
// Frozen runtimes find their connection dead: each request takes a new one.
const agent = new Agent({ keepAlive: false })

const handler = await load().catch(async (error) => {
  await call('POST', 'init/error', errorBody(error))
  process.exit(1)
})
for (;;) {
  const { headers, text } = await call('GET', 'invocation/next')
  const id = String(headers['lambda-runtime-aws-request-id'])
  try {
    const answer = await handler(JSON.parse(text), contextOf(headers, id))
    await call('POST', `invocation/${id}/response`, JSON.stringify(answer) ?? 'null')
  } catch (error) {
    await call('POST', `invocation/${id}/error`, errorBody(error))
  }
}

async function load() {
  const [file = '', name = ''] = handlerName.split('.')
  const module = ['mjs', 'js', 'cjs'].map((end) => path.join(root, `${file}.${end}`)).find((each) => existsSync(each))
  if (module === undefined) throw new Error(`there is no module ${file} in the task's folder`)
  const found = (await import(pathToFileURL(module).href))[name]
  if (typeof found !== 'function') throw new TypeError(`${handlerName} is no function`)
  return found
}

function contextOf(headers, awsRequestId) {
  const deadlineMs = Number(headers['lambda-runtime-deadline-ms'])
  return {
    awsRequestId,
    invokedFunctionArn: String(headers['lambda-runtime-invoked-function-arn']),
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - new Date().getTime()),
  }
}

function errorBody(error) {
  const { name, message, stack } = error instanceof Error ? error : { name: 'Error', message: String(error), stack: '' }
  return JSON.stringify({ errorType: name, errorMessage: message, trace: (stack ?? '').split('\n') })
}

function call(method, place, body) {
  return new Promise((resolve, reject) => {
    const wire = request({ host, port, agent, method, path: `/2018-06-01/runtime/${place}` }, (response) => {
      const pieces = []
      response.on('data', (piece) => pieces.push(piece))
      response.once('error', reject)
      response.once('end', () => resolve({ headers: response.headers, text: Buffer.concat(pieces).toString() }))
    })
    wire.once('error', reject)
    wire.end(body)
  })
}
