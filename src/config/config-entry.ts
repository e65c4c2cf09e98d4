/**
 * One property as a file gives it, before anything is known about it. Scalars are the text that stands in the file
 * (`007` stays `007`), so that passwords of digits and numbers of any length arrive unharmed.
 */
export interface ConfigEntry {
  /** Dotted, whatever the file's nesting: `source.role.arn`. */
  readonly name: string
  readonly value: string | readonly string[]
  /** Where it stands, for people: `line 4`, `kafka.properties.file line 3`. */
  readonly where: string
}

/** A name from a file as a message may show it: cut, and without control characters. */
export function shownName(name: string): string {
  const printable = name.replaceAll(/[^\x20-\x7e]/g, '?')
  return printable.length > 60 ? `${printable.slice(0, 57)}...` : printable
}
