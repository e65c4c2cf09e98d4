import { z } from 'zod'
import { isForbiddenHost, isLoopbackHost, isSafeUrl } from '../network-address.ts'
import { choice, defaulted, optional, pattern, secretText, text, trueOrFalse } from '../property.ts'
import type { ValueKind } from '../property.ts'
import { Secret } from '../secret.ts'

/** URLs; one that holds a password is a secret as a whole. */
const registryUrls: ValueKind<readonly (string | Secret)[]> = {
  type: 'list',
  schema: z
    .array(
      z
        .string()
        .max(2000)
        .refine(isRegistryUrl)
        .transform((url) => (/^[^/]*\/\/[^/]*@/.test(url) ? new Secret(url) : url)),
    )
    .min(1)
    .max(20),
  rule: 'http or https URLs without query, not of link-local addresses',
}

/** As `isSafeUrl`, but with a user name if need be. */
function isRegistryUrl(url: string): boolean {
  const parsed = URL.parse(url)
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol)) return false
  return !isForbiddenHost(parsed.hostname) && parsed.search === '' && parsed.hash === ''
}

/** Where a client secret is sent: plain http is for this machine only. */
const tokenEndpoint: ValueKind<string> = text(
  'an https URL (http on loopback only) without a user name, not of a link-local address',
  z
    .string()
    .max(2000)
    .refine((url) => isSafeUrl(url) && (url.startsWith('https:') || isLoopbackHost(new URL(url).hostname))),
)

/** Becomes the value of a header. */
const headerWord: ValueKind<string> = pattern('1 to 200 visible ASCII characters', /^[!-~]{1,200}$/)
const path: ValueKind<string> = text('the path of a file', z.string().min(1).max(4096))
const pem: ValueKind<string> = text('PEM', z.string().min(1).max(200_000))
const token: ValueKind<Secret> = secretText('a token: visible ASCII characters', z.string().regex(/^[!-~]{1,20000}$/))
const secret: ValueKind<Secret> = secretText('not empty', z.string().min(1).max(200_000))
const medium = (documentation: string) => ({ importance: 'medium', documentation }) as const
const low = (documentation: string) => ({ importance: 'low', documentation }) as const

/** The schema registry: where it is, who asks, and how schemas get there. Names as in Confluent's clients. */
export const registryProperties = {
  'schema.registry.url': optional(registryUrls, {
    importance: 'high',
    documentation:
      'The schema registry, with its path if it has one (Apicurio: `…/apis/ccompat/v7`). Several URLs of one registry, separated by commas or as a YAML list: the next one is asked when one fails.',
  }),
  'auto.register.schemas': defaulted(
    trueOrFalse,
    true,
    medium('Register schemas that the registry does not have yet. With `false` a missing schema stops the table.'),
  ),
  'use.latest.version': defaulted(trueOrFalse, false, {
    ...medium("Write with the subject's latest schema. Needs `auto.register.schemas: false`."),
    isShared: true,
  }),
  'latest.compatibility.strict': defaulted(
    trueOrFalse,
    true,
    low(
      'With `use.latest.version`: stop the table unless the latest schema encodes records as the one does that tailrace would register.',
    ),
  ),
  'normalize.schemas': defaulted(trueOrFalse, false, {
    ...low('Let the registry bring schemas into its normal form before it compares them.'),
    isShared: true,
  }),
  'schema.context.name': optional(
    pattern('1 to 100 letters, digits, dashes or underscores', /^[A-Za-z0-9_-]{1,100}$/),
    {
      ...low(
        "The registry's context that all subjects are in (`:.<name>:<subject>`); `default` is the one without a name.",
      ),
      isShared: true,
    },
  ),
  'schema.registry.basic.auth.credentials.source': optional(choice(['USER_INFO', 'URL', 'SASL_INHERIT']), {
    ...medium(
      'Where user name and password come from: `schema.registry.basic.auth.user.info`, the URL, or `kafka.sasl.*` (`PLAIN`, `SCRAM`).',
    ),
    defaultNote: 'what is given',
  }),
  'schema.registry.basic.auth.user.info': optional(
    secretText('`user:password`', z.string().regex(/^[^:]+:[\s\S]+$/)),
    medium('User name (or API key) and password (or API secret), with a colon between them.'),
  ),
  'schema.registry.bearer.auth.credentials.source': optional(
    choice(['STATIC_TOKEN', 'OAUTHBEARER', 'SASL_OAUTHBEARER_INHERIT']),
    medium(
      'Where bearer tokens come from: `schema.registry.bearer.auth.token`, a token endpoint of its own, or that of `kafka.sasl.oauthbearer.*`.',
    ),
  ),
  'schema.registry.bearer.auth.token': optional(token, medium('The token of `STATIC_TOKEN`.')),
  'schema.registry.bearer.auth.issuer.endpoint.url': optional(
    tokenEndpoint,
    medium('The token endpoint of `OAUTHBEARER` (client-credentials grant).'),
  ),
  'schema.registry.bearer.auth.client.id': optional(headerWord, medium('Client id for the token endpoint.')),
  'schema.registry.bearer.auth.client.secret': optional(secret, medium('Client secret for the token endpoint.')),
  'schema.registry.bearer.auth.scope': optional(
    text('1 to 1,000 characters', z.string().min(1).max(1000)),
    low('Scope to ask the token endpoint for.'),
  ),
  'schema.registry.bearer.auth.logical.cluster': optional(
    headerWord,
    low('Confluent Cloud: the logical cluster (`lsrc-…`) that a token is for; sent as `target-sr-cluster`.'),
  ),
  'schema.registry.bearer.auth.identity.pool.id': optional(
    headerWord,
    low('Confluent Cloud: the identity pool of the token; sent as `Confluent-Identity-Pool-Id`.'),
  ),
  'schema.registry.ssl.ca.location': optional(
    path,
    medium('PEM file of the authorities to trust; default: those that Node.js trusts.'),
  ),
  'schema.registry.ssl.truststore.location': optional(path, low('Another name of `schema.registry.ssl.ca.location`.')),
  'schema.registry.ssl.truststore.certificates': optional(pem, low('The same as text.')),
  'schema.registry.ssl.ca.pem': optional(pem, low('Another name of `schema.registry.ssl.truststore.certificates`.')),
  'schema.registry.ssl.truststore.type': optional(headerWord, low('Must be `PEM` if given.')),
  'schema.registry.ssl.certificate.location': optional(path, low('PEM file of the client certificate and its chain.')),
  'schema.registry.ssl.keystore.certificate.chain': optional(pem, low('The same as text.')),
  'schema.registry.ssl.certificate.pem': optional(
    pem,
    low('Another name of `schema.registry.ssl.keystore.certificate.chain`.'),
  ),
  'schema.registry.ssl.key.location': optional(path, low("PEM file of the client certificate's private key.")),
  'schema.registry.ssl.keystore.key': optional(secret, low('The same as text.')),
  'schema.registry.ssl.key.pem': optional(secret, low('Another name of `schema.registry.ssl.keystore.key`.')),
  'schema.registry.ssl.key.password': optional(secret, low('Password of the private key.')),
  'schema.registry.ssl.keystore.location': optional(
    path,
    low('PEM file that holds private key and certificate chain.'),
  ),
  'schema.registry.ssl.keystore.type': optional(headerWord, low('Must be `PEM` if given.')),
  'schema.registry.ssl.endpoint.identification.algorithm': optional(
    text('`https`, `none` or empty', z.string().max(10)),
    low(
      '`https` (default) compares certificate and host name; empty or `none` does not, which the log and `check` point out.',
    ),
  ),
  'schema.registry.enable.ssl.certificate.verification': optional(
    trueOrFalse,
    low('`false` trusts every certificate, which the log and `check` point out.'),
  ),
}
