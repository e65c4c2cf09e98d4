import type { SimulatedRequest } from './fault-plan.ts'
import { isObject, textMember } from './service-error.ts'
import { tableOf } from './simulator-state.ts'
import type { SimulatorState } from './simulator-state.ts'

type Body = SimulatedRequest['body']
type Tags = Readonly<Record<string, string>>

/** ListTagsOfResource, of tables. */
export function listTagsOfResource(state: SimulatorState, body: Body): unknown {
  return { Tags: tagList(tagsOf(state, tableOf(state, textMember(body, 'ResourceArn')).name)) }
}

/** GetResources of the tagging service, of tables: by tags, or by their ARNs. One page. */
export function getResources(state: SimulatorState, body: Body): unknown {
  const { ResourceARNList: arns, TagFilters: filters } = body
  const found = [...state.tables.values()].filter(({ arn, name }) =>
    Array.isArray(arns) ? arns.includes(arn) : hasAll(tagsOf(state, name), Array.isArray(filters) ? filters : []),
  )
  const list = found.map(({ arn, name }) => ({ ResourceARN: arn, Tags: tagList(tagsOf(state, name)) }))
  return { PaginationToken: '', ResourceTagMappingList: list }
}

function hasAll(tags: Tags, filters: readonly unknown[]): boolean {
  return filters.every((filter) => {
    if (!isObject(filter)) return false
    const actual = tags[String(filter['Key'])]
    const values = filter['Values']
    return actual !== undefined && (!Array.isArray(values) || values.includes(actual))
  })
}

function tagsOf({ settings }: SimulatorState, name: string): Tags {
  return settings.tags.get(name) ?? {}
}

function tagList(tags: Tags): readonly object[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
}
