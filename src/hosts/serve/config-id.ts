/**
 * Names a configuration of a connector: the epoch under which its pipeline runs, and something that no other configuration has.
 * Whoever reads the entry needs nothing else to know which of two configurations is the newer one.
 */
export function makeConfigId(epoch: number, unique: string): string {
  return `${epoch}.${unique}`
}

/** The epoch of a configuration; undefined for an id that this version did not make. */
export function epochOf(configId: string): number | undefined {
  const text = /^(\d{1,15})\./.exec(configId)?.[1]
  return text === undefined ? undefined : Number(text)
}

/** What decides about the epoch of a configuration that is to be. */
export interface EpochFacts {
  readonly fingerprint: string
  /** That the configuration asks for itself. */
  readonly asked: number
  /** The configuration before it, of the same connector. */
  readonly before: { readonly epoch: number; readonly fingerprint: string | undefined } | undefined
  /** What the pipeline's ledger says; undefined before its first start. */
  readonly ledger: { readonly epoch: number; readonly fingerprint: string } | undefined
}

/**
 * The epoch of a configuration: the same one where all workers would agree with what runs, and one that is greater than all before
 * where they would not, so that processes that have not heard of it yet leave the ledger to those that have.
 */
export function nextEpoch({ fingerprint, asked, before, ledger }: EpochFacts): number {
  const known = [before, ledger].filter((one) => one !== undefined)
  const greatest = Math.max(asked, ...known.map(({ epoch }) => epoch))
  const rivals = known.filter((one) => one.epoch === greatest && one.fingerprint !== fingerprint)
  return rivals.length === 0 ? greatest : greatest + 1
}
