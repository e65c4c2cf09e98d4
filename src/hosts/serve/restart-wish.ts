import type { ConnectorEntry, RestartWish } from '../../service/service-state.ts'

/**
 * The entry with one more wish to begin again. Older ones stay beside it, so that nobody misses his own who reads both at once: the newest of each
 * kind for each process of `living`. A wish that concerns every run of every process includes all.
 */
export function withWish(entry: ConnectorEntry, wish: RestartWish, living: ReadonlySet<string>): ConnectorEntry {
  const { restart: before, earlierRestarts: older = [], ...rest } = entry
  const isForAll = wish.process === undefined && !wish.onlyFailed
  const known = isForAll || before === undefined ? [] : [...older, before]
  const newest = new Map(known.filter((one) => kindOf(one) !== kindOf(wish)).map((one) => [kindOf(one), one]))
  const kept = [...newest.values()].filter(({ process }) => process === undefined || living.has(process))
  return { ...rest, restart: wish, ...(kept.length === 0 ? {} : { earlierRestarts: kept }) }
}

function kindOf({ process = '', onlyFailed }: RestartWish): string {
  return `${onlyFailed ? 'failed' : 'all'} ${process}`
}
