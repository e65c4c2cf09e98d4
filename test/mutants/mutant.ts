import type { PlanOverrides } from '../sim/world/world-plan.ts'

/** One planted bug: replacements in the product's source, and where it must show. */
export interface Mutant {
  readonly id: string
  /** The bug, in a few words. */
  readonly title: string
  readonly patches: readonly Patch[]
  readonly caughtBy: Catcher
}

/** One replacement; `find` stands exactly once in the file. */
export interface Patch {
  /** Relative to the checkout's root. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** Who must see it. */
export type Catcher =
  /** Simulated runs: the first seed with an anomaly. */
  | { readonly kind: 'worlds'; readonly experiment: string; readonly overrides: PlanOverrides }
  /** Test files that must fail. */
  | { readonly kind: 'tests'; readonly files: readonly string[] }

/** A bug of the list that cannot be planted here, and why. */
export interface Inapplicable {
  readonly id: string
  readonly title: string
  readonly reason: string
}
