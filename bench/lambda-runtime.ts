/** What a function answers, or throws. */
export type Handler = (
  event: unknown,
  context: {
    readonly awsRequestId: string
    readonly invokedFunctionArn: string
    readonly getRemainingTimeInMillis: () => number
  },
) => Promise<unknown>

/**
 * The loop of a Lambda runtime over the Runtime API: asks for an invocation, runs the handler, posts what it answered or
 * threw. Says in headers what the process has used so far, which a real one does not. Ends with the process.
 */
export async function serve(handler: Handler): Promise<never> {
  const base = `http://${process.env['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation`
  for (;;) {
    const next = await fetch(`${base}/next`)
    const id = next.headers.get('lambda-runtime-aws-request-id') ?? ''
    const deadline = Number(next.headers.get('lambda-runtime-deadline-ms'))
    const context = {
      awsRequestId: id,
      invokedFunctionArn: next.headers.get('lambda-runtime-invoked-function-arn') ?? '',
      getRemainingTimeInMillis: () => deadline - Date.now(),
    }
    const outcome = await handler(await next.json(), context).then(
      (answer) => ({ path: 'response', body: answer ?? null }),
      (error: unknown) => ({ path: 'error', body: { errorMessage: String(error) } }),
    )
    const { user, system } = process.cpuUsage()
    const headers = { 'x-cpu-ms': String((user + system) / 1000), 'x-peak-kib': String(process.resourceUsage().maxRSS) }
    await (
      await fetch(`${base}/${id}/${outcome.path}`, { method: 'POST', headers, body: JSON.stringify(outcome.body) })
    ).text()
  }
}
