/** One login module of a `sasl.jaas.config` line. */
export interface JaasModule {
  /** The class without its package: `ScramLoginModule`. */
  readonly module: string
  readonly options: ReadonlyMap<string, string>
}

/**
 * Reads a JAAS line: `package.Module required name="value" other='value';`. Undefined if it is not one, or names more
 * than one module. Nothing of the text is ever quoted elsewhere: it holds passwords.
 */
export function parseJaas(text: string): JaasModule | undefined {
  const tokens = tokenize(text)
  if (tokens === undefined) return undefined
  const [className, flag, ...rest] = tokens
  const isHeaded = className?.kind === 'word' && flag?.kind === 'word' && controlFlags.has(flag.text.toLowerCase())
  if (!isHeaded || rest.at(-1)?.kind !== ';') return undefined
  const options = new Map<string, string>()
  for (let i = 0; i < rest.length - 1; i += 3) {
    const [name, equals, value] = rest.slice(i, i + 3)
    const isValue = value?.kind === 'word' || value?.kind === 'quoted'
    if (name?.kind !== 'word' || equals?.kind !== '=' || !isValue) return undefined
    options.set(name.text, value.text)
  }
  return { module: className.text.slice(className.text.lastIndexOf('.') + 1), options }
}

const controlFlags: ReadonlySet<string> = new Set(['required', 'requisite', 'sufficient', 'optional'])

type Token = { readonly kind: 'word' | 'quoted'; readonly text: string } | { readonly kind: '=' | ';' }

/** Blanks and comments; `=` or `;`; a text in quotes; a word. Each alternative begins differently, so it is linear. */
const lexeme =
  /[\s\uFEFF]+|\/\/[^\n]*|\/\*(?:[^*]|\*(?!\/))*\*\/|([=;])|"((?:[^"\\]|\\[\s\S])*)"|'((?:[^'\\]|\\[\s\S])*)'|([^\s=;"']+)/y

function tokenize(text: string): readonly Token[] | undefined {
  const tokens: Token[] = []
  lexeme.lastIndex = 0
  while (lexeme.lastIndex < text.length) {
    const match = lexeme.exec(text)
    if (match === null) return undefined
    const [, sign, double, single, word] = match
    const quoted = double ?? single
    if (sign === '=' || sign === ';') tokens.push({ kind: sign })
    else if (quoted !== undefined) tokens.push({ kind: 'quoted', text: quoted.replaceAll(/\\([\s\S])/g, '$1') })
    else if (word !== undefined) tokens.push({ kind: 'word', text: word })
  }
  return tokens
}
