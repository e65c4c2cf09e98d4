/** From well to not. */
export const checkStatuses = ['ok', 'warn', 'fail'] as const

/** One thing that was looked at, and how it is. */
export interface HealthCheck {
  /** Always the same word for the same thing: alerts name it. */
  readonly name: string
  /** `warn`: somebody should look, and a restart would not help. `fail`: this process does not do its job. */
  readonly status: (typeof checkStatuses)[number]
  /** For people. No item values, no secrets. */
  readonly message: string
  /** Of what is not `ok`: a documented code and what to do. */
  readonly code?: string | undefined
  readonly remedy?: string | undefined
}

/** What `/readyz` says. */
export interface Readiness {
  readonly status: 'ready' | 'not-ready'
  readonly checks: readonly HealthCheck[]
  /** By name, where a process runs several. */
  readonly pipelines?: Readonly<Record<string, readonly HealthCheck[]>>
}

/** A process is ready unless something of itself fails. How its pipelines are is told, and decides nothing: others may run well. */
export function readinessOf(
  own: readonly HealthCheck[],
  pipelines?: Readonly<Record<string, readonly HealthCheck[]>>,
): Readiness {
  const isReady = own.every(({ status }) => status !== 'fail')
  const status = isReady ? 'ready' : 'not-ready'
  return pipelines === undefined ? { status, checks: own } : { status, checks: own, pipelines }
}
