import { isObject, ServiceError } from './stream-simulator/service-error.ts'

/** Tags of tables, by ARN. All throw ServiceError for what the services refuse. */
export interface TagTable {
  /** `tags` is a list of `{Key, Value}`. */
  add(arn: string, tags: unknown): void
  remove(arn: string, keys: unknown): void
  list(arn: string): readonly { readonly Key: string; readonly Value: string }[]
  /** All tags of the table of that name. */
  forget(table: string): void
  /** The answer to GetResources. */
  find(body: Readonly<Record<string, unknown>>): unknown
}

const mostPerPage = 100

/** No tags yet. */
export function createTagTable(): TagTable {
  const tables = new Map<string, Map<string, string>>()
  const listOf = (arn: string): { Key: string; Value: string }[] =>
    [...(tables.get(arn) ?? [])].map(([Key, Value]) => ({ Key, Value }))
  return {
    add: (arn, tags) => {
      const known = tables.get(arn) ?? new Map<string, string>()
      for (const tag of requiredList(tags, 'Tags')) {
        if (!isObject(tag) || typeof tag['Key'] !== 'string' || typeof tag['Value'] !== 'string')
          throw new ServiceError('ValidationException', 'A tag has a Key and a Value')
        known.set(tag['Key'], tag['Value'])
      }
      tables.set(arn, known)
    },
    remove: (arn, keys) => {
      const known = tables.get(arn)
      for (const key of requiredList(keys, 'TagKeys')) known?.delete(String(key))
    },
    list: listOf,
    forget: (table) => {
      for (const arn of tables.keys()) if (arn.endsWith(`:table/${table}`)) tables.delete(arn)
    },
    find: (body) => {
      const { ResourceARNList: arns, TagFilters: filters, ResourcesPerPage: perPage, PaginationToken: token } = body
      const found = [...tables]
        .filter(([arn, tags]) => tags.size > 0 && (!Array.isArray(arns) || arns.includes(arn)))
        .filter(([, tags]) => !Array.isArray(filters) || filters.every((filter) => fits(tags, filter)))
        .map(([arn]) => arn)
        .toSorted()
      // The token is the last ARN of the page in front, so that what comes and goes in between shifts nothing.
      const rest = typeof token === 'string' && token !== '' ? found.filter((arn) => arn > token) : found
      const page = rest.slice(0, typeof perPage === 'number' ? perPage : mostPerPage)
      return {
        PaginationToken: page.length < rest.length ? (page.at(-1) ?? '') : '',
        ResourceTagMappingList: page.map((arn) => ({ ResourceARN: arn, Tags: listOf(arn) })),
      }
    },
  }
}

function requiredList(given: unknown, name: string): readonly unknown[] {
  if (Array.isArray(given)) return given
  throw new ServiceError('ValidationException', `Member ${name} must be a list`)
}

function fits(tags: ReadonlyMap<string, string>, filter: unknown): boolean {
  if (!isObject(filter)) return false
  const actual = tags.get(String(filter['Key']))
  const values = filter['Values']
  return actual !== undefined && (!Array.isArray(values) || values.length === 0 || values.includes(actual))
}
