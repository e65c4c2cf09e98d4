/** Age of the oldest unread change: [seconds since the start, seconds]. */
export type LagSample = readonly [atS: number, lagS: number]

/** From here on lag is as it should be. */
const goodLagS = 5

/**
 * For each moment (milliseconds since the start) the time until lag was first seen below five seconds; milliseconds.
 * Undefined where it never was again. A moment at which lag was good all the time gives the time to the next look.
 */
export function recoveriesFrom(lag: readonly LagSample[], moments: readonly number[]): readonly (number | undefined)[] {
  return moments.map((momentMs) => {
    const good = lag.find(([atS, lagS]) => atS * 1000 >= momentMs && lagS < goodLagS)
    return good === undefined ? undefined : Math.round(good[0] * 1000 - momentMs)
  })
}
