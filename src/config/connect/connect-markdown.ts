import { markdownTable } from '../markdown-table.ts'
import { frameworkRules } from './framework-rules.ts'
import type { ConnectRule, ConnectRules, ConnectTranslator } from './translator.ts'
import { translators } from './translators.ts'

/** The reference of all properties of connectors in Markdown, made from their rules. */
export function connectMarkdown(): string {
  // What has no rules is described elsewhere.
  const withRules = translators.filter(({ rules }) => Object.keys(rules).length > 0)
  const groups = Map.groupBy(withRules, ({ rules }) => rules)
  const sections = [...groups].map(([rules, ofRules]) => `${heading(ofRules)}\n\n${rulesTable(rules)}`)
  return [...sections, `### Properties of every connector\n\n${rulesTable(frameworkRules)}`].join('\n\n')
}

function heading(of: readonly ConnectTranslator[]): string {
  const classes = of.map(({ title, classes: [name = ''] }) => `- ${title}: \`connector.class\` is \`${name}\``)
  const [first] = of
  return `### ${first?.title.replace(/^.*'s /, '') ?? ''}\n\n${classes.join('\n')}`
}

function rulesTable(rules: ConnectRules): string {
  const rows = Object.entries(rules).map(([name, rule]) => [
    `\`${name.endsWith('.') ? `${name}*` : name}\``,
    outcome(rule),
  ])
  return markdownTable(['Property', 'What becomes of it'], rows)
}

function outcome(rule: ConnectRule): string {
  switch (rule.kind) {
    case 'becomes':
      return [`\`${rule.name}\``, ...(rule.about === '' ? [] : [rule.about])].join('; ')
    case 'read':
      return rule.about
    case 'unused':
      return `without effect, noted: ${rule.why}`
    case 'refused':
      return `refused: ${rule.why}`
  }
}
