import { isIP } from 'node:net'

/** Names by which the service may be called. */
export interface GuardOptions {
  /** Host names besides `localhost`: the advertised one, and what the user adds. Small letters, without ports. */
  readonly hosts: readonly string[]
  /** Other origins whose pages may call: `https://console.example.com`. */
  readonly origins: readonly string[]
}

/**
 * Why a request must not be looked at, or undefined. A page of a foreign site that rebinds its name to our address sends that
 * name in `Host`; one that sends a form or a simple request tells its `Origin`. Addresses are always good hosts: no page has
 * one of ours.
 */
export function refusedRequest(headers: Headers, { hosts, origins }: GuardOptions): string | undefined {
  const host = hostOf(`http://${headers.get('host') ?? ''}`)
  if (host === undefined) return 'the Host header is missing or cannot be read'
  if (!isOwnHost(host.name, hosts)) return 'the Host header names none of the hosts of this service'
  const origin = headers.get('origin')
  if (origin !== null && !origins.includes(origin) && hostOf(origin)?.whole !== host.whole)
    return 'pages of other origins may not call this service'
  // Old browsers lack it; those that have it send it with everything.
  const site = headers.get('sec-fetch-site')
  if (origin === null && (site === 'cross-site' || site === 'same-site'))
    return 'pages of other sites may not call this service'
  return undefined
}

/** True for addresses that nobody but this machine can reach. */
export function isLoopback(host: string): boolean {
  const plain = host.replace(/^\[|\]$/g, '').toLowerCase()
  return plain === 'localhost' || plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'))
}

function isOwnHost(name: string, hosts: readonly string[]): boolean {
  const plain = name.replace(/^\[|\]$/g, '')
  return name === 'localhost' || isIP(plain) !== 0 || hosts.includes(name)
}

/** The host of a URL in small letters, alone and with its port. */
function hostOf(url: string): { readonly name: string; readonly whole: string } | undefined {
  if (!URL.canParse(url)) return undefined
  const { hostname, host, username, pathname, search, hash } = new URL(url)
  const isPlain = hostname !== '' && username === '' && pathname.length <= 1 && search === '' && hash === ''
  return isPlain ? { name: hostname.replace(/\.$/, ''), whole: host } : undefined
}
