/** What a member said as it joined. */
export interface MemberClaim {
  readonly memberId: string
  /** The partitions it works on. */
  readonly owned: readonly number[]
  /** The generation in which it was given them. */
  readonly generation: number
}

/**
 * Shares partitions 0 to `partitions - 1` among the members: evenly to within one, moving as few as possible.
 *
 * A partition that goes from one living member to another is given to nobody in this generation. Its owner sees that it
 * lost it, lets go, and joins again; the generation after that gives it to the new one. (The cooperative protocol of
 * KIP-429.) A partition that two members claim in one generation counts as free; of two generations the newer one counts.
 */
export function assignSticky(
  members: readonly MemberClaim[],
  partitions: number,
): ReadonlyMap<string, readonly number[]> {
  const owners = trustedOwners(members, partitions)
  const shares = new Map(members.map(({ memberId }) => [memberId, [] as number[]]))
  const free: number[] = []
  const quotas = quotasOf(members, owners, partitions)
  for (let partition = 0; partition < partitions; partition++) {
    const owner = owners.get(partition)
    const share = owner === undefined ? undefined : shares.get(owner)
    if (owner !== undefined && share !== undefined && share.length < (quotas.get(owner) ?? 0)) share.push(partition)
    else free.push(partition)
  }
  for (const partition of free) {
    const [memberId, share] = [...shares].find(([id, taken]) => taken.length < (quotas.get(id) ?? 0)) ?? []
    if (memberId !== undefined) share?.push(partition)
  }
  return new Map(
    [...shares].map(([id, share]) => [id, share.filter((partition) => (owners.get(partition) ?? id) === id)]),
  )
}

/**
 * For each partition the claim of the newest generation. A member that never heard the outcome of the last one still works
 * on what it was given before, and nobody else can have been given it meanwhile: what others took over, they claim.
 */
function trustedOwners(members: readonly MemberClaim[], partitions: number): ReadonlyMap<number, string> {
  const claims = new Map<number, { readonly memberId: string; readonly generation: number }>()
  const contested = new Set<number>()
  for (const { memberId, owned, generation } of members) {
    for (const partition of owned.filter((claimed) => claimed < partitions)) {
      const known = claims.get(partition)
      if (known !== undefined && known.generation > generation) continue
      if (known?.generation === generation) contested.add(partition)
      else contested.delete(partition)
      claims.set(partition, { memberId, generation })
    }
  }
  const isTrusted = ([partition]: readonly [number, unknown]): boolean => !contested.has(partition)
  return new Map([...claims].filter(isTrusted).map(([partition, { memberId }]) => [partition, memberId]))
}

// Everybody gets the floor; the odd ones go to those who own most, then by id, so that every leader decides the same.
function quotasOf(
  members: readonly MemberClaim[],
  owners: ReadonlyMap<number, string>,
  partitions: number,
): ReadonlyMap<string, number> {
  const owned = new Map<string, number>()
  for (const owner of owners.values()) owned.set(owner, (owned.get(owner) ?? 0) + 1)
  const ids = members
    .map(({ memberId }) => memberId)
    .toSorted((a, b) => (owned.get(b) ?? 0) - (owned.get(a) ?? 0) || (a < b ? -1 : 1))
  const floor = Math.floor(partitions / ids.length)
  const odd = partitions % ids.length
  return new Map(ids.map((id, index) => [id, floor + (index < odd ? 1 : 0)]))
}
