import { posix } from 'node:path'
import { shownName } from './config-entry.ts'
import { matchesNamePattern } from '../change/name-pattern.ts'
import type { Problem } from './problem.ts'
import { propertyOf } from './properties-file.ts'

/** How a configuration reaches the world. Injected, so that loading is a function of its arguments. */
export interface ConfigSources {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The bytes of a regular file; throws if there is none, if it cannot be read, or if it is unreasonably large. */
  readonly readFile: (path: string) => Uint8Array
  /** The path with all symbolic links followed; throws if it does not exist. */
  readonly realPath: (path: string) => string
  /**
   * What a reference to a service that keeps secrets stands for (`secretsmanager:…` or `ssm:…`, without the braces), fetched
   * beforehand; or why there is no value. Asked only for what `secrets.allow` names. Default: there is none.
   */
  readonly secretOf?: (reference: string) => string | Refusal
}

/** Why a reference has no value. Never quotes one. */
export interface Refusal {
  readonly reason: string
}

/** The text with its references replaced, or what is wrong with one of them. */
export type Resolution = { readonly text: string } | { readonly problem: Problem }

/** Replaces references in texts. Each variable and file is read at most once. */
export interface ReferenceResolver {
  /**
   * Replaces every `${env:NAME}`, `${file:/path}` (the whole file without its last line break), `${file:/path:key}` (one key
   * of a properties file), `${secretsmanager:…}` and `${ssm:…}`. `$${` stands for `${`. What comes out is not looked at again.
   */
  resolve(text: string): Resolution
}

/** A resolver that reads nothing but what `allow` names (entries of `secrets.allow`). */
export function createReferenceResolver(allow: readonly string[], sources: ConfigSources): ReferenceResolver {
  const variables = allow.filter((entry) => entry.startsWith('env:')).map((entry) => entry.slice(4))
  const roots = allow.filter((entry) => entry.startsWith('file:')).map((entry) => entry.slice(5))
  const secrets = allow.filter(isKeptElsewhere)
  const seen = new Map<string, string | Refusal>()
  const find = (reference: string): string | Refusal => {
    if (reference.startsWith('env:')) return readVariable(reference.slice(4), variables, sources)
    if (reference.startsWith('file:')) return readFromFile(reference.slice(5), roots, sources)
    if (isKeptElsewhere(reference)) return readSecret(reference, secrets, sources)
    return refuse('only ${env:…}, ${file:…}, ${secretsmanager:…} and ${ssm:…} are known')
  }
  const lookUp = (reference: string): string | Refusal => {
    const known = seen.get(reference)
    if (known !== undefined) return known
    const found = find(reference)
    seen.set(reference, found)
    return found
  }

  return {
    resolve: (text) => {
      let problem: Problem | undefined
      const resolved = text.replaceAll(/\$\$\{|\$\{([^{}]*)(\}?)/g, (whole, reference?: string, end?: string) => {
        if (whole === '$${') return '${'
        const value = end === '}' ? lookUp(reference ?? '') : refuse('a reference has no closing brace')
        if (typeof value === 'string') return value
        problem ??= { text: value.reason, code: 'SECRET_UNAVAILABLE' }
        return ''
      })
      return problem === undefined ? { text: resolved } : { problem }
    },
  }
}

function refuse(reason: string): Refusal {
  return { reason }
}

function readVariable(name: string, allowed: readonly string[], { env }: ConfigSources): string | Refusal {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name)) return refuse('${env:…} must name an environment variable')
  if (!allowed.some((pattern) => matchesNamePattern(pattern, name))) {
    return refuse(`\${env:${name}} is not allowed; add "env:${name}" to secrets.allow`)
  }
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  return value ?? refuse(`\${env:${name}}: the environment variable is not set`)
}

function isKeptElsewhere(reference: string): boolean {
  return reference.startsWith('secretsmanager:') || reference.startsWith('ssm:')
}

/** An allowed pattern covers the secret as a whole, and its keys with it. */
function readSecret(reference: string, allowed: readonly string[], { secretOf }: ConfigSources): string | Refusal {
  const shown = shownName(reference)
  if (!/^[a-z]+:[\w/+=.@:-]{1,2100}$/.test(reference)) return refuse(`\${${shown}} does not name a secret`)
  const isAllowed = allowed.some(
    (one) => matchesNamePattern(one, reference) || matchesNamePattern(`${one}:*`, reference),
  )
  if (!isAllowed) return refuse(`\${${shown}} is not allowed; add "${shown}" to secrets.allow`)
  return secretOf?.(reference) ?? refuse(`\${${shown}} cannot be asked for here`)
}

function readFromFile(reference: string, roots: readonly string[], sources: ConfigSources): string | Refusal {
  const colon = reference.indexOf(':')
  const path = colon < 0 ? reference : reference.slice(0, colon)
  const key = colon < 0 ? undefined : reference.slice(colon + 1)
  if (!isPlainAbsolutePath(path) || path.endsWith('/'))
    return refuse('${file:…} must name an absolute path without "." and ".." in it')
  const shown = shownName(path)
  const root = roots.find((allowed) => isPlainAbsolutePath(allowed) && isWithin(path, allowed))
  if (root === undefined) return refuse(`\${file:${shown}} is not allowed; add "file:${shown}" to secrets.allow`)
  try {
    const real = sources.realPath(path)
    if (!isWithin(real, sources.realPath(root))) {
      return refuse(`\${file:${shown}} is a link that leads out of what secrets.allow names`)
    }
    const text = new TextDecoder('utf-8', { fatal: true }).decode(sources.readFile(real))
    if (key === undefined) return text.replace(/\r?\n$/, '')
    return propertyOf(text, key) ?? refuse(`\${file:${shown}:…}: the file has no such key`)
  } catch {
    // Absent, unreadable and not text are one answer: a reader who may not see the file learns nothing about it.
    return refuse(`\${file:${shown}} cannot be read as text`)
  }
}

function isPlainAbsolutePath(path: string): boolean {
  if (!/^\/[^\p{Cc}]*$/u.test(path)) return false
  const withoutEnd = path.length > 1 ? path.replace(/\/$/, '') : path
  return posix.normalize(withoutEnd) === withoutEnd
}

function isWithin(path: string, root: string): boolean {
  const folder = root.endsWith('/') ? root : `${root}/`
  return path === root || path.startsWith(folder)
}
