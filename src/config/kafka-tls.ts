import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { KafkaTls } from './kafka-client-config.ts'
import type { KafkaInput } from './kafka-input.ts'
import type { KafkaPropertyName } from './kafka-property-catalogue.ts'

const certificateBlock = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/
const keyBlock = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/
const encryptedKey = /-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/

/** What to do with a store that is not PEM. */
const storeAdvice =
  'is not PEM; make one with `keytool -importkeystore -deststoretype PKCS12 …` and `openssl pkcs12 -in store.p12 -nodes -out store.pem`'

/** Reads the `ssl.*` properties. Problems go to the input; what is returned is complete only if there are none. */
export function readKafkaTls(input: KafkaInput): KafkaTls {
  for (const name of ['ssl.truststore.type', 'ssl.keystore.type'] as const) {
    const type = input.text(name)
    if (type !== undefined && type.toUpperCase() !== 'PEM')
      input.problem(name, `must be PEM: a ${storeKind(type)} store ${storeAdvice}`)
  }
  const ca = readPem(input, certificateBlock, 'ssl.ca.location', 'ssl.ca.pem')
  const store = readPem(input, keyBlock, 'ssl.keystore.location')
  const cert = readPem(input, certificateBlock, 'ssl.certificate.location', 'ssl.certificate.pem') ?? store
  const key = readPem(input, keyBlock, 'ssl.key.location', 'ssl.key.pem') ?? store
  const password = input.text('ssl.key.password')
  if (cert !== undefined && key === undefined) {
    input.problem('ssl.key.location', '(or ssl.key.pem) is missing: the client certificate needs its private key')
  }
  if (key !== undefined && cert === undefined) {
    input.problem(
      'ssl.certificate.location',
      '(or ssl.certificate.pem) is missing: the private key needs its certificate',
    )
  }
  if (key !== undefined && encryptedKey.test(key) && password === undefined) {
    input.problem('ssl.key.password', 'is missing: the private key is encrypted')
  } else {
    checkTogether(input, { ca, cert, key, passphrase: password })
  }
  return {
    minVersion: 'TLSv1.2',
    ca,
    cert,
    key: key === undefined ? undefined : input.secret(key),
    passphrase: password === undefined ? undefined : input.secret(password),
    isVerified: readIsVerified(input),
    isHostNameChecked: readIsHostNameChecked(input),
  }
}

/** Known words only: a type may be a misplaced secret. */
function storeKind(type: string): string {
  const known = ['JKS', 'PKCS12', 'BCFKS'].find((kind) => kind === type.toUpperCase())
  return known ?? 'Java'
}

/** The PEM text of the first property that is given, with its line breaks restored. */
function readPem(input: KafkaInput, block: RegExp, ...names: readonly KafkaPropertyName[]): string | undefined {
  const given = names.filter((name) => input.text(name) !== undefined)
  const [name, second] = given
  if (name === undefined) return undefined
  if (second !== undefined) input.problem(second, `says the same as ${input.shown(name)}: give one of them`)
  const value = input.text(name) ?? ''
  const isFile = name.endsWith('.location')
  const text = isFile ? input.file(name, value) : value
  if (text === undefined) return undefined
  if (block.test(text)) return restoreLineBreaks(text)
  const wanted = block === keyBlock ? 'a private key' : 'a certificate'
  input.problem(name, isFile && looksLikeStore(text) ? storeAdvice : `holds no PEM block of ${wanted}`)
  return undefined
}

/** JKS begins with FE ED FE ED, PKCS12 and DER with a sequence (0x30 0x8…); neither is text. */
function looksLikeStore(text: string): boolean {
  return text.startsWith('\uFFFD') || /^0[\uFFFD\u0080-\u00FF]/.test(text) || text.includes('\uFFFD')
}

/** Pasted into one line, a PEM block loses the breaks that OpenSSL needs. */
function restoreLineBreaks(pem: string): string {
  return pem.replaceAll(
    /-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/= \t\r\n]*)-----END \1-----/g,
    (_, label: string, body: string) => {
      const lines = body.replaceAll(/\s+/g, '').match(/.{1,64}/g) ?? []
      return ['', `-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n').slice(1)
    },
  )
}

interface TlsTexts {
  readonly ca: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
  readonly passphrase: string | undefined
}

/** OpenSSL's own judgement, before any connection: wrong password, key of another certificate, broken block. */
function checkTogether(input: KafkaInput, { ca, cert, key, passphrase }: TlsTexts): void {
  if (ca !== undefined && !areCertificates(ca))
    input.problem('ssl.ca.location', '(or ssl.ca.pem) is not a readable certificate')
  if (cert === undefined || key === undefined) return
  if (!isAccepted({ cert, key, ...(passphrase === undefined ? {} : { passphrase }) })) {
    input.problem('ssl.key.location', '(or ssl.key.pem), its password and the client certificate do not fit together')
  }
}

/** OpenSSL passes over broken blocks in a file of authorities; then no broker would be trusted, and nobody told why. */
function areCertificates(pem: string): boolean {
  const blocks = pem.match(/-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----[\s\S]*?-----END \1CERTIFICATE-----/g) ?? []
  try {
    return blocks.length > 0 && blocks.every((block) => new X509Certificate(block).raw.length > 0)
  } catch {
    // As in isAccepted: the sentence of the caller says more.
    return false
  }
}

function isAccepted(options: Parameters<typeof createSecureContext>[0]): boolean {
  try {
    createSecureContext(options)
    return true
  } catch {
    // OpenSSL's words ("bad decrypt", "key values mismatch") say less than the sentence of the caller.
    return false
  }
}

function readIsVerified(input: KafkaInput): boolean {
  const name: KafkaPropertyName = 'enable.ssl.certificate.verification'
  const value = input.text(name)?.toLowerCase() ?? 'true'
  if (value !== 'true' && value !== 'false') input.problem(name, 'must be `true` or `false`')
  if (value === 'false') input.note(`${input.shown(name)} is false: any server can pose as ${input.peer}`)
  return value !== 'false'
}

function readIsHostNameChecked(input: KafkaInput): boolean {
  const name: KafkaPropertyName = 'ssl.endpoint.identification.algorithm'
  const value = input.text(name)?.toLowerCase() ?? 'https'
  if (!['https', 'none', ''].includes(value)) input.problem(name, 'must be `https`, `none` or empty')
  if (value === 'none' || value === '')
    input.note(`${input.shown(name)} is off: any server with a trusted certificate can pose as ${input.peer}`)
  return value !== 'none' && value !== ''
}
