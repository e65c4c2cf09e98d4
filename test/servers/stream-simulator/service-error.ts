/** An error of the service: thrown by an operation, answered as JSON by the server. */
export class ServiceError extends Error {
  readonly type: string

  constructor(type: string, message: string) {
    super(message)
    this.name = 'ServiceError'
    this.type = type
  }
}

/** A member of a request that must be text. */
export function textMember(body: Readonly<Record<string, unknown>>, name: string): string {
  const value = body[name]
  if (typeof value !== 'string' || value === '')
    throw new ServiceError('ValidationException', `Member ${name} must be a text`)
  return value
}

/** A member of a request that may be a number. */
export function numberMember(body: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const value = body[name]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw new ServiceError('ValidationException', `Member ${name} must be a whole number`)
  return value
}

/** A member of a request that may be an object. */
export function objectMember(
  body: Readonly<Record<string, unknown>>,
  name: string,
): Readonly<Record<string, unknown>> | undefined {
  const value = body[name]
  if (value === undefined || value === null) return undefined
  if (!isObject(value)) throw new ServiceError('ValidationException', `Member ${name} must be an object`)
  return value
}

/** True for a JSON object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
