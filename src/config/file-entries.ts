import { parsePropertiesFile } from './properties-file.ts'
import { yamlEntries } from './yaml-entries.ts'
import type { YamlEntries } from './yaml-entries.ts'

/**
 * What a file says, nothing of it resolved. One whose name ends in `.properties` is read as Connect's standalone workers take
 * it; any other is YAML or JSON. Throws CONFIG_UNREADABLE for what is neither.
 */
export function fileEntries({ text, path }: { readonly text: string; readonly path: string }): YamlEntries {
  if (!path.endsWith('.properties')) return yamlEntries(text, path)
  const entries = parsePropertiesFile(text, '').map((entry) => ({ ...entry, where: entry.where.trim() }))
  return { entries, problems: [] }
}
