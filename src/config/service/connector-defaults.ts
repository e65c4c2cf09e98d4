import type { ConfigEntry } from '../config-entry.ts'
import type { ConnectorPolicy } from './connector-policy.ts'

/**
 * A connector's entries with what the operator's file says for those that say nothing: the converters, each side with all that
 * belongs to it or with nothing (as in Connect), and whether topics are created. Converters may hold the operator's credentials, so
 * who says anything of a registry says all of it.
 */
export function withDefaults(
  entries: readonly ConfigEntry[],
  policy: ConnectorPolicy | undefined,
): readonly ConfigEntry[] {
  if (policy === undefined) return entries
  const says = (name: string): boolean => entries.some((entry) => entry.name === name)
  const saysAny = (prefix: string): boolean => entries.some((entry) => entry.name.startsWith(prefix))
  const converters = (['key', 'value'] as const)
    .filter((side) => !saysAny(`${side}.converter`) && !says(`format.${side}`) && !saysAny('schema.registry.'))
    .flatMap((side) =>
      policy.converters.filter(({ name }) => name === `${side}.converter` || name.startsWith(`${side}.converter.`)),
    )
  const creation =
    policy.createsTopics || says('topic.create')
      ? []
      : [{ name: 'topic.create', value: 'false', where: 'topic.creation.enable of the service' }]
  return [...entries, ...converters, ...creation]
}
