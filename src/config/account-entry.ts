/** What an entry says; what it does not say is undefined. */
export interface AccountEntry {
  readonly region: string | undefined
  readonly roleArn: string | undefined
  readonly externalId: string | undefined
}

/** The form of each word: the name of a property of `source.`, and its value. */
export const regionForm = /^[a-z]{2,}(-[a-z0-9]+)+$/
export const roleForm = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/
export const externalIdForm = /^[\w+=,.@:/-]{2,1224}$/

/** Reads `region=us-east-1 role.arn=arn:… role.external.id=x`, any of them but not none; undefined for anything else. */
export function parseAccount(text: string): AccountEntry | undefined {
  const words = new Map<string, string>()
  for (const word of text.trim().split(/\s+/)) {
    const at = word.indexOf('=')
    const name = word.slice(0, Math.max(0, at))
    const form = forms.get(name)
    if (form === undefined || words.has(name) || !form.test(word.slice(at + 1))) return undefined
    words.set(name, word.slice(at + 1))
  }
  if (words.has('role.external.id') && !words.has('role.arn')) return undefined
  return {
    region: words.get('region'),
    roleArn: words.get('role.arn'),
    externalId: words.get('role.external.id'),
  }
}

const forms: ReadonlyMap<string, RegExp> = new Map([
  ['region', regionForm],
  ['role.arn', roleForm],
  ['role.external.id', externalIdForm],
])

/** The account that a role belongs to; undefined without a role, as only AWS knows then. */
export function accountOf(roleArn: string | undefined): string | undefined {
  return roleArn?.split(':')[4]
}
