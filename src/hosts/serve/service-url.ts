import { isIP } from 'node:net'
import type { ServiceConfig } from '../../config/service/service-config.ts'
import type { Listener } from '../../config/service/listener.ts'

/** Where a process says that it can be reached. */
export interface AdvertisedAddress {
  readonly url: string
  /** Connect's `worker_id`. */
  readonly workerId: string
  /** As clients write it; small letters. */
  readonly host: string
}

/** The listener that other processes use. */
export function advertisedListener({
  listeners,
  advertised,
}: Pick<ServiceConfig, 'listeners' | 'advertised'>): Listener {
  const found = listeners.find(({ scheme }) => scheme === advertised.scheme) ?? listeners[0]
  if (found === undefined) throw new Error('a service has a listener')
  return found
}

/** `boundPort` is the port that its listener got; `machine` the name of this machine, for listeners on all of its addresses. */
export function advertisedAddress(
  config: Pick<ServiceConfig, 'listeners' | 'advertised'>,
  { boundPort, machine }: { readonly boundPort: number; readonly machine: string },
): AdvertisedAddress {
  const { scheme, host: bound } = advertisedListener(config)
  const isEverywhere = bound === '0.0.0.0' || bound === '::'
  const host = config.advertised.host ?? (isEverywhere ? machine : bound)
  const workerId = `${isIP(host) === 6 ? `[${host}]` : host}:${config.advertised.port ?? boundPort}`
  return { url: `${scheme}://${workerId}`, workerId, host: host.toLowerCase() }
}
