/**
 * The results of `work` for each item, in the items' order, with at most `limit` under way at once. After a rejection no
 * further item is begun; it rejects when those under way have ended, with the first reason.
 */
export async function mapBounded<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = []
  const failures: unknown[] = []
  let next = 0
  const take = async (): Promise<void> => {
    while (next < items.length && failures.length === 0) {
      const index = next++
      try {
        results[index] = await work(items[index] as T)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, take))
  if (failures.length > 0) throw failures[0]
  return results
}
