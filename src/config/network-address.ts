import { BlockList, isIP } from 'node:net'

/**
 * Addresses that hand out the machine's own credentials to whoever asks (instance metadata, container credentials).
 * A configured URL that leads there would send them on. The AWS SDK's credential provider does not pass through here.
 */
const forbidden = new BlockList()
forbidden.addSubnet('169.254.0.0', 16, 'ipv4')
forbidden.addSubnet('fe80::', 10, 'ipv6')
forbidden.addSubnet('fd00:ec2::', 32, 'ipv6')

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** True for link-local and metadata addresses, in every spelling that the URL parser understands. */
export function isForbiddenHost(host: string): boolean {
  const address = canonicalHost(host)
  if (address === undefined) return false
  return isListed(forbidden, address)
}

/** True for addresses that only this machine can reach. A name other than `localhost` is not one. */
export function isLoopbackHost(host: string): boolean {
  const address = canonicalHost(host)
  if (address === undefined) return false
  return address === 'localhost' || isListed(loopback, address)
}

/** A host and a port, as `host:port` or `[ipv6]:port`. */
export interface HostPort {
  readonly host: string
  readonly port: number
}

/** Reads `host:port`, `[::1]:port`; undefined if it is neither. The port may be 0 (any free one) only if allowed. */
export function parseHostPort(text: string, lowestPort: 0 | 1 = 1): HostPort | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([a-zA-Z0-9._-]{1,253})):(\d{1,5})$/.exec(text)
  if (match === null) return undefined
  const [, ipv6, name, portText] = match
  const port = Number(portText)
  const host = ipv6 ?? name ?? ''
  if (port < lowestPort || port > 65_535 || (ipv6 !== undefined && isIP(ipv6) !== 6)) return undefined
  return { host, port }
}

/** An http(s) URL without user name and password that does not lead to the machine's own credentials. */
export function isSafeUrl(text: string): boolean {
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return false
  return url.username === '' && url.password === '' && !isForbiddenHost(url.hostname)
}

/** Lower case, IPv4 in dotted form, IPv6 without brackets and with a mapped IPv4 taken out. */
function canonicalHost(host: string): string | undefined {
  const bare = host.replace(/^\[|\]$/g, '')
  const url = URL.parse(`http://${isIP(bare) === 6 ? `[${bare}]` : bare}/`)
  if (url === null) return undefined
  const name = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(name)
  if (mapped === null) return name
  const high = Number.parseInt(mapped[1] ?? '0', 16)
  const low = Number.parseInt(mapped[2] ?? '0', 16)
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

function isListed(list: BlockList, address: string): boolean {
  const family = isIP(address)
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4')
}
