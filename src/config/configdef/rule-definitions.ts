import { frameworkRules } from '../connect/framework-rules.ts'
import { translateConnector } from '../connect/translate-connector.ts'
import type { ConnectRule, ConnectRules, ConnectTranslator } from '../connect/translator.ts'
import type { ConfigKeyInfo } from './config-infos.ts'
import { displayName } from './display-name.ts'
import { widthOf } from './property-definitions.ts'
import type { UnplacedDefinition } from './property-definitions.ts'
import { isSecretName } from './secret-names.ts'

/** Where the properties stand that every connector has. Connect's own word. */
export const commonGroup = 'Common'

/** The properties of one connector, then those of every connector. Rules that stand for many names define none. */
export function ruleDefinitions(
  translator: ConnectTranslator,
  own: readonly UnplacedDefinition[],
): readonly UnplacedDefinition[] {
  const byName = new Map(own.map((definition) => [definition.key.name, definition]))
  const required = requiredNames(translator)
  const made = (rules: ConnectRules, group: string): readonly UnplacedDefinition[] =>
    Object.entries(rules)
      .filter(([name]) => !name.endsWith('.') && (group !== commonGroup || !Object.hasOwn(translator.rules, name)))
      .map(([name, rule]) => ruleDefinition(name, rule, { group, byName, isRequired: required.has(name), translator }))
  return [...made(translator.rules, translator.title), ...made(frameworkRules, commonGroup)]
}

/** True for properties that are accepted and do nothing, or that nobody may set: forms do not show them. */
export function isIdle(name: string, translator: ConnectTranslator): boolean {
  const rules = { ...frameworkRules, ...translator.rules }
  const kind = Object.hasOwn(rules, name) ? rules[name]?.kind : undefined
  return kind === 'unused' || kind === 'refused'
}

/** What a configuration of nothing but its class is told to lack. */
function requiredNames({ classes }: ConnectTranslator): ReadonlySet<string> {
  const entry = { name: 'connector.class', value: classes[0] ?? '', where: '' }
  const { problems } = translateConnector([entry], { fileName: 'connector', failed: new Set() })
  const missing = problems.filter(({ text }) => text.endsWith(' is missing')).map(({ name }) => name ?? '')
  return new Set([...missing, 'name', 'connector.class'])
}

interface RuleAround {
  readonly group: string
  readonly byName: ReadonlyMap<string, UnplacedDefinition>
  readonly isRequired: boolean
  readonly translator: ConnectTranslator
}

function ruleDefinition(name: string, rule: ConnectRule, around: RuleAround): UnplacedDefinition {
  const target = rule.kind === 'becomes' ? around.byName.get(rule.name) : undefined
  const type = isSecretName(name) ? 'PASSWORD' : (target?.key.type ?? plainType(name, rule))
  const isHigh = around.isRequired || (target?.key.importance ?? 'LOW') === 'HIGH'
  return {
    key: {
      name,
      type,
      required: around.isRequired,
      default_value: name === 'tasks.max' ? '1' : null,
      importance: isHigh ? 'HIGH' : rule.kind === 'becomes' || rule.kind === 'read' ? 'MEDIUM' : 'LOW',
      documentation: documentationOf(name, rule, target),
      group: around.group,
      width: widthOf(type),
      display_name: displayName(name),
      dependents: [],
    },
    choices: name === 'connector.class' ? around.translator.classes : (target?.choices ?? []),
  }
}

function plainType(name: string, rule: ConnectRule): ConfigKeyInfo['type'] {
  if (name === 'tasks.max') return 'INT'
  return rule.kind === 'becomes' && rule.rule === '`true` or `false`' ? 'BOOLEAN' : 'STRING'
}

function documentationOf(name: string, rule: ConnectRule, target: UnplacedDefinition | undefined): string {
  switch (rule.kind) {
    case 'becomes':
      return [
        `Becomes \`${rule.name}\`.`,
        rule.about === '' ? '' : sentence(rule.about),
        target?.key.documentation ?? '',
      ]
        .filter((part) => part !== '')
        .join(' ')
    case 'read':
      return sentence(rule.about)
    case 'unused':
      return `Without effect: ${rule.why}.`
    case 'refused':
      return `Must not be set: \`${name}\` ${rule.why}.`
  }
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
