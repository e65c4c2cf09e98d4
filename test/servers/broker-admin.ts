import { connect } from 'node:tls'
import { ConfigResourceTypes, IncrementalAlterConfigOperationTypes } from '@platformatic/kafka'
import type { Admin } from '@platformatic/kafka'
import { systemClock } from '../../src/async/system-clock.ts'
import { parseBroker } from '../../src/kafka/kafka-connection.ts'

/** Sets one dynamic property of the broker with id 1; a key store or a trust store is read when it is set. */
export async function setBrokerConfig(admin: Admin, name: string, value: string): Promise<void> {
  const configs = [{ name, value, configOperation: IncrementalAlterConfigOperationTypes.SET }]
  await admin.incrementalAlterConfigs({
    resources: [{ resourceType: ConfigResourceTypes.BROKER, resourceName: '1', configs }],
  })
}

/** Resolves when the listener shows that certificate; brokers read a new store a moment after they were told to. */
export async function untilCertificateShown(server: string, fingerprint: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if ((await shownCertificate(server)) === fingerprint) return
    await systemClock.sleep(50)
  }
  throw new Error(`${server} does not show the certificate ${fingerprint}`)
}

/** SHA-256 of what the listener shows to whoever connects; undefined when it shows nothing. */
function shownCertificate(server: string): Promise<string | undefined> {
  const { host, port } = parseBroker(server)
  return new Promise((resolve) => {
    // Nothing is sent, so it does not matter whose certificate it is.
    const socket = connect({ host, port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256)
      socket.destroy()
    })
    socket.on('error', () => resolve(undefined))
  })
}
