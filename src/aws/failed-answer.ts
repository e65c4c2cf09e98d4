import type { AwsExchange, AwsFailure } from './aws-errors.ts'
import type { HttpAnswer } from './http-post.ts'

/** An answer that is not a success, as the judges of errors take it. */
export function failureOf(exchange: AwsExchange, answer: HttpAnswer): AwsFailure {
  return {
    ...exchange,
    statusCode: answer.statusCode,
    body: answer.body,
    requestId: headerOf(answer, 'x-amzn-requestid'),
    errorType: headerOf(answer, 'x-amzn-errortype'),
  }
}

/** A header's first value; names are in lower case. */
export function headerOf(answer: Pick<HttpAnswer, 'headers'>, name: string): string | undefined {
  const value = answer.headers[name]
  return typeof value === 'string' ? value : value?.[0]
}
