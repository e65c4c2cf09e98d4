/** A JSON object whose members are still to be looked at. */
export type JsonObject = Readonly<Record<string, unknown>>

/** True for what JSON calls an object (not for an array or null). */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
