import { rulesOf } from '../connect/translate-connector.ts'
import { translators } from '../connect/translators.ts'
import { firstKafkaName, kafkaPropertyList } from '../kafka-property-catalogue.ts'
import { propertyList } from '../properties.ts'

const prefixes = ['kafka.', 'producer.override.', 'consumer.override.', 'admin.override.', 'schema.registry.']

/** What names of secrets have in them, where nothing is declared. */
const suspicious =
  /passw|passphrase|\b(pass|pwd)\b|secret|token|credential|api\.?key|access\.?key|private\.?key|jaas|license|hmac|user\.?info|keystore\.key|key\.pem/i
/** What names have at their end that say where a secret is, or how long it holds. */
const harmless = /\.(url|class|source|type|location|ms|mode|enabled?|arn|allow|method)$/i

/** True for properties whose values must not be shown: by their declaration, and by their name where there is none. */
export function isSecretName(name: string): boolean {
  const target = translatedSecrets.get(name) ?? declaredSecret(name)
  return target ?? (suspicious.test(name) && !harmless.test(name))
}

function declaredSecret(name: string): boolean | undefined {
  const own = propertyList.get(name)
  if (own !== undefined) return own.isSecret === true
  const prefix = prefixes.find((each) => name.startsWith(each))
  const first = prefix === undefined ? undefined : firstKafkaName(name.slice(prefix.length))
  return first === undefined ? undefined : kafkaPropertyList.get(first)?.isSecret
}

/** What a connector calls otherwise is as secret as what it becomes. */
const translatedSecrets: ReadonlyMap<string, boolean> = new Map(
  translators
    .flatMap((translator) => Object.entries(rulesOf(translator)))
    .flatMap(([name, rule]) => (rule.kind === 'becomes' ? [[name, declaredSecret(rule.name) ?? false] as const] : [])),
)
