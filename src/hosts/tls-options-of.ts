import type { ConnectionOptions } from 'node:tls'
import type { KafkaTls } from '../config/kafka-client-config.ts'

/** What Node's TLS takes; only what differs from its own defaults is there. Holds the private key in the clear. */
export function tlsOptionsOf(tls: KafkaTls): ConnectionOptions {
  return {
    minVersion: tls.minVersion,
    rejectUnauthorized: tls.isVerified,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key.reveal() }),
    ...(tls.passphrase === undefined ? {} : { passphrase: tls.passphrase.reveal() }),
    // The chain is still verified; only the comparison of names was switched off, by name.
    ...(tls.isHostNameChecked ? {} : { checkServerIdentity: () => undefined }),
  }
}
