import { parseHostPort } from '../network-address.ts'
import type { HostPort } from '../network-address.ts'

/** Where the REST API is served. */
export interface Listener extends HostPort {
  readonly scheme: 'http' | 'https'
}

/** Reads `http://host:port`; without a host it is 127.0.0.1. Undefined for anything else. Port 0 is any free one. */
export function parseListener(text: string): Listener | undefined {
  const [, scheme, rest = ''] = /^(https?):\/\/(.*?)\/?$/i.exec(text) ?? []
  const address = parseHostPort(rest.startsWith(':') ? `127.0.0.1${rest}` : rest, 0)
  if (scheme === undefined || address === undefined) return undefined
  return { scheme: scheme.toLowerCase() === 'https' ? 'https' : 'http', ...address }
}
