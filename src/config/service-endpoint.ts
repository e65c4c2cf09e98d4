import { z } from 'zod'
import { isSafeUrl } from './network-address.ts'
import { text } from './property.ts'
import type { Given, ValueKind } from './property.ts'

/** Where an API of AWS may be. */
export const serviceUrl: ValueKind<string> = text(
  'an http or https URL without a user name, not of a link-local address',
  z.string().refine(isSafeUrl),
)

/** What AWS's own variables say of a service (`DYNAMODB`, `KINESIS`); undefined means the endpoint of the region. */
export function environmentEndpoint(env: Given['env'], service: string): string | undefined {
  if (env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS']?.toLowerCase() === 'true') return undefined
  return env[`AWS_ENDPOINT_URL_${service}`] ?? env['AWS_ENDPOINT_URL']
}
