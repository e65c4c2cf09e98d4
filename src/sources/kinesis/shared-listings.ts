import { untilAborted } from '../../async/until-aborted.ts'

/** Listings that many ask for at one time: one is under way for each stream, and whoever asks meanwhile shares the next. */
export interface SharedListings<Listing> {
  /**
   * A listing that was begun after this call; undefined as soon as `isEnough` is true when somebody else's has ended. Rejects as
   * `list` does.
   */
  get(streamArn: string, isEnough: () => boolean, signal: AbortSignal): Promise<Listing | undefined>
}

/** `list` makes a listing. */
export function createSharedListings<Listing>(
  list: (streamArn: string, signal: AbortSignal) => Promise<Listing>,
): SharedListings<Listing> {
  const underWay = new Map<string, Promise<Listing>>()

  const begin = async (streamArn: string, signal: AbortSignal): Promise<Listing> => {
    const listing = list(streamArn, signal)
    underWay.set(streamArn, listing)
    try {
      return await listing
    } finally {
      if (underWay.get(streamArn) === listing) underWay.delete(streamArn)
    }
  }
  /** Undefined if it failed: that is its owner's matter, who may just have been told to stop. */
  const landing = async (listing: Promise<Listing>, signal: AbortSignal): Promise<Listing | undefined> => {
    try {
      return await untilAborted(listing, signal)
    } catch {
      signal.throwIfAborted()
      return undefined
    }
  }

  return {
    get: async (streamArn, isEnough, signal) => {
      let isOld = true
      for (;;) {
        const running = underWay.get(streamArn)
        if (running === undefined) return await begin(streamArn, signal)
        const listing = await landing(running, signal)
        if (isEnough()) return undefined
        if (!isOld && listing !== undefined) return listing
        isOld = false
      }
    },
  }
}
