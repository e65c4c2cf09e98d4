import type { Problem } from './problem.ts'
import type { PropertyName, PropertyValues } from './properties.ts'
import { accountOf, parseAccount } from './account-entry.ts'

/** The regions that are read: those of the entries of `source.accounts`, or the one. */
export function regionsOf(accounts: readonly string[], region: string): ReadonlySet<string> {
  return new Set(accounts.length === 0 ? [region] : accounts.map((text) => parseAccount(text)?.region ?? region))
}

/** Problems of `source.accounts`, whose entries are right each on its own. */
export function accountProblems(
  values: PropertyValues,
  whereOf: (name: PropertyName) => string | undefined,
): readonly Problem[] {
  const accounts = values['source.accounts']
  if (accounts.length === 0) return []
  const problem = (text: string): Problem => ({ where: whereOf('source.accounts'), text })
  const problems: Problem[] = []
  const meant = accounts.map((text) => {
    const entry = parseAccount(text)
    return `${entry?.region ?? values['source.region']} ${accountOf(entry?.roleArn) ?? ''}`
  })
  if (new Set(meant).size < meant.length)
    problems.push(problem('source.accounts has two entries for one region of one account'))
  if (values['source.role.arn'] !== undefined)
    problems.push(problem('source.accounts cannot go with source.role.arn: give each entry its role.arn'))
  const entries = accounts.map(parseAccount)
  const isMeant = (arn: string): boolean => {
    const [, , , region, account] = arn.split(':')
    return entries.some(
      (entry) =>
        (entry?.region ?? values['source.region']) === region && (accountOf(entry?.roleArn) ?? account) === account,
    )
  }
  if (!values['source.tables'].filter((text) => text.startsWith('arn:')).every(isMeant))
    problems.push({
      where: whereOf('source.tables'),
      text: 'source.tables names a table of a region and an account that no entry of source.accounts has',
    })
  // What is asked of one account by one connection.
  if (values['snapshot.source'] !== 'scan')
    problems.push(problem(`source.accounts cannot go with snapshot.source: ${values['snapshot.source']}`))
  if (values.reselect !== 'off') problems.push(problem(`source.accounts cannot go with reselect: ${values.reselect}`))
  return problems
}
