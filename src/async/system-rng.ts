import type { Rng } from './rng.ts'

/** The platform's generator. Used for jitter only. */
export const systemRng: Rng = { next: () => Math.random() }
