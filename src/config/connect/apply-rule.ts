import { shownName } from '../config-entry.ts'
import type { ConnectInput, ConnectRule } from './translator.ts'

/** Does what a rule says of one property that is given; what has no effect is collected in `without`, names by reason. */
export function applyRule(
  name: string,
  rule: ConnectRule,
  { input, without }: { readonly input: ConnectInput; readonly without: Map<string, string[]> },
): void {
  switch (rule.kind) {
    case 'becomes': {
      const text = input.text(name) ?? ''
      const converted = rule.convert === undefined ? text : rule.convert(text)
      if (converted === undefined) input.problem(name, `must be ${rule.rule ?? 'another'}`)
      else input.set(rule.name, converted, name)
      return
    }
    case 'unused': {
      const why = rule.why.replaceAll('`', '')
      without.set(why, [...(without.get(why) ?? []), shownName(name)])
      return
    }
    case 'refused':
      input.problem(name, rule.why.replaceAll('`', ''))
      return
    case 'read':
      return
  }
}
