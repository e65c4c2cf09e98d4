import { read, unused } from './translator.ts'
import type { ConnectInput, ConnectRules } from './translator.ts'

const license = 'tailrace needs no licence'
const service = 'it is for the managed service'
const credentials =
  "credentials come from `source.role.arn`, or from where the AWS SDK's provider chain finds them in this process"

/** What Confluent's connectors have in common, managed ones and others. */
export const confluentRules: ConnectRules = {
  'confluent.license': unused(license),
  'confluent.license.': unused(license),
  'confluent.topic': unused(license),
  'confluent.topic.': unused(license),
  'kafka.auth.mode': read([], '`KAFKA_API_KEY`: by `kafka.api.key`; `SERVICE_ACCOUNT`: without effect'),
  'kafka.api.key': read(
    [],
    '`kafka.sasl.username` for `PLAIN` over TLS, unless something else says how Kafka is reached',
  ),
  'kafka.api.secret': read([], '`kafka.sasl.password`, as `kafka.api.key`'),
  'kafka.service.account.id': unused(service),
  'kafka.endpoint': read([], '`kafka.bootstrap.servers`, unless something else names a broker'),
  'kafka.region': unused(service),
  'kafka.dedicated': unused(service),
  'valid.kafka.api.key': unused(service),
  'cloud.environment': unused(service),
  'cloud.provider': unused(service),
  'connector.crn': unused(service),
  'schema.context.name': unused(service),
  'auto.restart.on.user.error': unused(service),
  'connector.egress.whitelist': unused(service),
  'datapreview.schemas.enable': unused(service),
  'authentication.method': read([], '`Access Keys`: by the keys in the file; `IAM Roles`: without effect'),
  'provider.integration.id': unused(credentials),
  'secret.manager.enabled': read([], 'refused unless it is `false`'),
  'secret.manager': unused('`secret.manager.enabled` is not true'),
  'secret.manager.': unused('`secret.manager.enabled` is not true'),
  'csfle.enabled': read([], 'refused unless it is `false`'),
  'csfle.': unused('`csfle.enabled` is not true'),
}

/** Reads what those rules leave to be read. */
export function readConfluent(connector: ConnectInput): void {
  const { text, problem, note } = connector
  const mode = text('kafka.auth.mode')?.toUpperCase()
  const [key, secret] = [text('kafka.api.key'), text('kafka.api.secret')]
  if (mode === 'SERVICE_ACCOUNT') note('kafka.auth.mode: SERVICE_ACCOUNT is without effect: set how Kafka is reached')
  else if (mode !== undefined && mode !== 'KAFKA_API_KEY')
    problem('kafka.auth.mode', 'must be KAFKA_API_KEY or SERVICE_ACCOUNT')
  for (const [one, other] of [
    ['kafka.api.key', 'kafka.api.secret'] as const,
    ['kafka.api.secret', 'kafka.api.key'] as const,
  ])
    if (connector.isGiven(one) && !connector.isGiven(other)) problem(one, `is set without ${other}`)
  if (key !== undefined && secret !== undefined) {
    connector.setKafkaAccess('security.protocol', 'SASL_SSL', 'kafka.api.key')
    connector.setKafkaAccess('sasl.mechanism', 'PLAIN', 'kafka.api.key')
    connector.setKafkaAccess('sasl.username', key, 'kafka.api.key')
    connector.setKafkaAccess('sasl.password', secret, 'kafka.api.secret')
  }
  const endpoint = text('kafka.endpoint')
  if (endpoint !== undefined) connector.setKafkaAccess('bootstrap.servers', endpoint, 'kafka.endpoint')
  readAuthentication(connector)
  for (const name of ['secret.manager.enabled', 'csfle.enabled'])
    if ((text(name)?.toLowerCase() ?? 'false') !== 'false')
      problem(name, 'must be false: only the managed service can do that')
}

function readAuthentication({ text, problem, note }: ConnectInput): void {
  const method = text('authentication.method')?.toLowerCase()
  if (method === undefined || method === 'access keys') return
  if (method.startsWith('iam role')) note(`authentication.method: IAM Roles is without effect: ${credentials}`)
  else problem('authentication.method', 'must be `Access Keys` or `IAM Roles`')
}
