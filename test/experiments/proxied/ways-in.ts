import { X509Certificate } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Admin } from '@platformatic/kafka'
import { setBrokerConfig, untilCertificateShown } from '../../servers/broker-admin.ts'
import { makeCertificates, newBrokerKeystore, renewClientCertificate } from '../../servers/certificates.ts'
import { setScramPassword } from '../../servers/scram-users.ts'
import type { TokenEndpoint } from '../../servers/token-endpoint.ts'
import type { DoorListener } from './kafka-behind-doors.ts'
import type { WorkerCredentials } from './pipeline-worker.ts'
import { credentialsFrom } from './worker-credentials.ts'

/** One way into a broker, and what operators may do to it under open connections. */
export interface WayIn {
  readonly listener: DoorListener
  /** What a worker reads at its start. */
  credentials(): WorkerCredentials
  readonly changes: readonly CredentialChange[]
}

/** Something that is done to credentials for a while. */
export interface CredentialChange {
  readonly kind: 'wrong-password' | 'token-refused' | 'certificate-change'
  /** What workers must say while it lasts; undefined where they are let in all the time. */
  readonly code: 'KAFKA_AUTHENTICATION' | 'KAFKA_TLS' | undefined
  /** True where only a worker that starts anew reads what has changed. */
  readonly needsRestart: boolean
  begin(broker: ChangedBroker): Promise<void>
  end(broker: ChangedBroker): Promise<void>
}

/** The broker as its operators reach it. */
export interface ChangedBroker {
  readonly admin: Admin
  /** A listener that lets everybody in. */
  readonly server: string
  /** Its other listeners, past the proxies. */
  readonly listeners: ReadonlyMap<string, string>
}

export const scramUser = { name: 'worker', password: 'scram-secret' } as const

const modules = 'org.apache.kafka.common.security'

/** SCRAM, to be repeated every `reauthenticateMs`; the password is another one for a while. */
export function passwordWay(reauthenticateMs: number): WayIn {
  return {
    listener: {
      protocol: 'SASL_PLAINTEXT',
      properties: {
        'sasl.enabled.mechanisms': 'SCRAM-SHA-512',
        'scram-sha-512.sasl.jaas.config': `${modules}.scram.ScramLoginModule required;`,
        'scram-sha-512.connections.max.reauth.ms': String(reauthenticateMs),
      },
    },
    credentials: () =>
      credentialsFrom({
        'security.protocol': 'SASL_PLAINTEXT',
        'sasl.mechanism': 'SCRAM-SHA-512',
        'sasl.username': scramUser.name,
        'sasl.password': scramUser.password,
      }),
    changes: [
      {
        kind: 'wrong-password',
        code: 'KAFKA_AUTHENTICATION',
        needsRestart: false,
        begin: ({ server }) => setScramPassword(server, { ...scramUser, password: 'another-secret' }),
        end: ({ server }) => setScramPassword(server, scramUser),
      },
    ],
  }
}

/** OAUTHBEARER: sessions end with their tokens; the endpoint gives none for a while. */
export function tokenWay(tokens: TokenEndpoint): WayIn {
  const setOpen = (isOpen: boolean): Promise<void> => {
    tokens.isOpen = isOpen
    return Promise.resolve()
  }
  return {
    listener: {
      protocol: 'SASL_PLAINTEXT',
      properties: {
        'sasl.enabled.mechanisms': 'OAUTHBEARER',
        'oauthbearer.sasl.jaas.config': `${modules}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
        // Tokens decide; without a limit a broker never asks again.
        'oauthbearer.connections.max.reauth.ms': '3600000',
      },
    },
    credentials: () =>
      credentialsFrom({
        'security.protocol': 'SASL_PLAINTEXT',
        'sasl.mechanism': 'OAUTHBEARER',
        'sasl.oauthbearer.token.endpoint.url': tokens.url,
        'sasl.oauthbearer.client.id': 'worker',
        'sasl.oauthbearer.client.secret': 'not-a-real-secret',
      }),
    changes: [
      {
        kind: 'token-refused',
        code: 'KAFKA_AUTHENTICATION',
        needsRestart: false,
        begin: () => setOpen(false),
        end: () => setOpen(true),
      },
    ],
  }
}

/**
 * TLS with certificates on both sides. The broker reads a new store when it is told to; a worker reads its files when it
 * starts. Makes the certificates in the folder.
 */
export async function certificateWay(folder: string, listenerName: string): Promise<WayIn> {
  const foreignFolder = path.join(folder, 'foreign')
  await mkdir(foreignFolder)
  const own = await makeCertificates(folder)
  const foreign = await makeCertificates(foreignFolder)
  const useStore = async ({ admin, listeners }: ChangedBroker, store: string): Promise<void> => {
    await setBrokerConfig(admin, `listener.name.${listenerName.toLowerCase()}.ssl.keystore.location`, store)
    await untilCertificateShown(listeners.get(listenerName) ?? '', await fingerprintOf(store))
  }
  let current = own.brokerKeystore
  let renewals = 0
  const renew = async (broker: ChangedBroker): Promise<void> => {
    current = await newBrokerKeystore(folder, `broker-${++renewals}`)
    await useStore(broker, current)
  }
  const nothing = (): Promise<void> => Promise.resolve()
  const kind = 'certificate-change'
  return {
    listener: {
      protocol: 'SSL',
      properties: {
        'ssl.client.auth': 'required',
        'ssl.keystore.type': 'PEM',
        'ssl.keystore.location': own.brokerKeystore,
        'ssl.truststore.type': 'PEM',
        'ssl.truststore.location': own.authority,
      },
    },
    credentials: () =>
      credentialsFrom({
        'security.protocol': 'SSL',
        'ssl.ca.location': own.authority,
        'ssl.certificate.location': own.clientCertificate,
        'ssl.key.location': own.clientKey,
      }),
    changes: [
      { kind, code: undefined, needsRestart: false, begin: renew, end: nothing },
      {
        kind,
        code: 'KAFKA_TLS',
        needsRestart: false,
        begin: (broker) => useStore(broker, foreign.brokerKeystore),
        end: (broker) => useStore(broker, current),
      },
      {
        kind,
        code: undefined,
        needsRestart: true,
        begin: async () => void (await renewClientCertificate(folder)),
        end: nothing,
      },
    ],
  }
}

/** Of the first certificate in a store, which is its holder's. */
async function fingerprintOf(store: string): Promise<string> {
  return new X509Certificate(await readFile(store)).fingerprint256
}
