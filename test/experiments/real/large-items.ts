import type { RealWorld } from './real-world.ts'

/** In both images of a change: below the megabyte that a topic takes by default. */
const paddingBytes = 350_000

/** Writes some large items in every table: few different ones, so that most changes carry two such images. */
export function writeLargeItems({ tables, rng, watch }: RealWorld, perTable: number): void {
  for (const { writer } of tables) {
    for (let i = 0; i < perTable; i++) {
      writer.writeSized(`large-${Math.floor(rng.next() * 6)}`, paddingBytes)
      const change = writer.written.at(-1)
      if (change !== undefined) watch.wrote(change)
    }
  }
}
