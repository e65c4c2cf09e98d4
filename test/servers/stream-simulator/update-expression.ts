import { ServiceError } from './service-error.ts'

/** What an update does: names with the placeholder of their value, and names to remove. */
export interface ParsedUpdate {
  readonly set: readonly (readonly [name: string, placeholder: string])[]
  readonly remove: readonly string[]
}

/** Reads `SET a = :x, #b = :y REMOVE c, #d`: top-level attributes, no functions. */
export function parseUpdate(expression: string, names: Readonly<Record<string, unknown>>): ParsedUpdate {
  const set: (readonly [string, string])[] = []
  const remove: string[] = []
  const clauses = expression.split(/\b(SET|REMOVE)\b/).map((part) => part.trim())
  for (let i = 1; i < clauses.length; i += 2) {
    for (const part of (clauses[i + 1] ?? '').split(',')) {
      const [target, placeholder] = part.split('=').map((text) => text.trim())
      if (target === undefined || target === '') throw unreadable()
      if (clauses[i] === 'REMOVE') remove.push(resolve(target, names))
      else if (placeholder?.startsWith(':') === true) set.push([resolve(target, names), placeholder])
      else throw unreadable()
    }
  }
  return { set, remove }
}

function resolve(name: string, names: Readonly<Record<string, unknown>>): string {
  const resolved = name.startsWith('#') ? names[name] : name
  if (typeof resolved !== 'string') throw unreadable()
  return resolved
}

function unreadable(): ServiceError {
  return new ServiceError('ValidationException', 'Invalid UpdateExpression')
}
