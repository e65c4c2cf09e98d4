import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Paths of PEM files: one authority, a broker's certificate for localhost, a client's for mutual TLS. */
export interface Certificates {
  readonly authority: string
  /** Key, certificate and authority in one file, as Kafka reads it. */
  readonly brokerKeystore: string
  readonly clientKey: string
  readonly clientCertificate: string
  /** Key, certificate and authority of the client in one file, as Java clients read it. */
  readonly clientKeystore: string
  /** How Kafka names the holder of the client's certificate. */
  readonly clientPrincipal: string
}

/** Makes certificates in `folder` with openssl, valid for ten years, without passwords. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const file = (name: string): string => path.join(folder, name)
  await openssl(folder, `req -x509 ${newKey('ca')} -days 3650 -subj /CN=tailrace-test-authority -out ca.pem`)
  const brokerKeystore = await newBrokerKeystore(folder, 'broker')
  const clientKeystore = await renewClientCertificate(folder)
  return {
    authority: file('ca.pem'),
    brokerKeystore,
    clientKey: file('client.key'),
    clientCertificate: file('client.pem'),
    clientKeystore,
    clientPrincipal: 'User:CN=mtls-client',
  }
}

/** Another key and certificate for localhost from the authority in the folder, in files of that name; gives the store. */
export function newBrokerKeystore(folder: string, name: string): Promise<string> {
  return keystoreFor(folder, name, 'localhost')
}

/** Another key and certificate for the same client, in the same files; gives the store. */
export function renewClientCertificate(folder: string): Promise<string> {
  return keystoreFor(folder, 'client', 'mtls-client')
}

async function keystoreFor(folder: string, name: string, commonName: string): Promise<string> {
  await signed(folder, name, commonName)
  const files = [`${name}.key`, `${name}.pem`, 'ca.pem'].map((part) => path.join(folder, part))
  const parts = await Promise.all(files.map((part) => readFile(part, 'utf8')))
  const store = path.join(folder, `${name}-keystore.pem`)
  await writeFile(store, parts.join(''))
  return store
}

async function signed(folder: string, name: string, commonName: string): Promise<void> {
  await writeFile(path.join(folder, `${name}.ext`), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
  await openssl(folder, `req ${newKey(name)} -subj /CN=${commonName} -out ${name}.csr`)
  const authority = '-CA ca.pem -CAkey ca.key -CAcreateserial -days 3650'
  await openssl(folder, `x509 -req -in ${name}.csr ${authority} -extfile ${name}.ext -out ${name}.pem`)
}

function newKey(name: string): string {
  return `-newkey rsa:2048 -nodes -keyout ${name}.key`
}

async function openssl(folder: string, command: string): Promise<void> {
  await run('openssl', command.split(' '), { cwd: folder })
}
