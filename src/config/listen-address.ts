import { parseHostPort } from './network-address.ts'
import type { HostPort } from './network-address.ts'

/** True for `off`, a port, or `host:port`. */
export function isListenAddress(text: string): boolean {
  return text === 'off' || parseListenAddress(text) !== undefined
}

/** Reads a port (on 127.0.0.1) or `host:port`; undefined for `off` and for anything else. */
export function parseListenAddress(text: string): HostPort | undefined {
  return parseHostPort(/^\d{1,5}$/.test(text) ? `127.0.0.1:${text}` : text, 0)
}
