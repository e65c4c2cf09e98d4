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
}

/** The text with its references replaced, or what is wrong with one of them. */
export type Resolution = { readonly text: string } | { readonly problem: Problem }

/** Replaces references in texts. Each variable and file is read at most once. */
export interface ReferenceResolver {
  /**
   * Replaces every `${env:NAME}`, `${file:/path}` (the whole file without its last line break) and
   * `${file:/path:key}` (one key of a properties file). `$${` stands for `${`. What comes out is not looked at again.
   */
  resolve(text: string): Resolution
}

/** A resolver that reads nothing but what `allow` names (entries of `secrets.allow`). */
export function createReferenceResolver(allow: readonly string[], sources: ConfigSources): ReferenceResolver {
  const variables = allow.filter((entry) => entry.startsWith('env:')).map((entry) => entry.slice(4))
  const roots = allow.filter((entry) => entry.startsWith('file:')).map((entry) => entry.slice(5))
  const seen = new Map<string, string | Refusal>()

  const lookUp = (reference: string): string | Refusal => {
    const known = seen.get(reference)
    if (known !== undefined) return known
    const found = reference.startsWith('env:')
      ? readVariable(reference.slice(4), variables, sources)
      : reference.startsWith('file:')
        ? readFromFile(reference.slice(5), roots, sources)
        : refuse('only ${env:…} and ${file:…} are known')
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

interface Refusal {
  readonly reason: string
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
