/** What may become of a record that is too large, in the words of `oversize.strategy`. */
export const oversizeStrategies = ['fail', 'drop-before', 'claim-check-s3', 'chunk', 'dead-letter'] as const

/** One of them. */
export type OversizeStrategy = (typeof oversizeStrategies)[number]

/** True for a word that is one. */
export function isOversizeStrategy(word: string): word is OversizeStrategy {
  return (oversizeStrategies as readonly string[]).includes(word)
}

/** What is wrong with a list of strategies as a list; undefined if nothing is. Finishes "oversize.strategy …". */
export function wrongLadder(strategies: readonly string[]): string | undefined {
  if (new Set(strategies).size < strategies.length) return 'names a strategy twice'
  const end = strategies.findIndex((strategy) => strategy === 'fail' || strategy === 'dead-letter')
  if (end >= 0 && end < strategies.length - 1) return `has something behind ${strategies[end]}, which is always the end`
  return undefined
}
