import type { Rng } from '../../../src/async/rng.ts'

/** A request as the simulator sees it, for faults that pick their victims. */
export interface SimulatedRequest {
  /** For example `GetRecords`. */
  readonly action: string
  readonly body: Readonly<Record<string, unknown>>
  /** From the Authorization header. */
  readonly accessKeyId: string
}

/** What can go wrong with a request. */
export type Fault =
  /** Refused before it is looked at, with an AWS error. */
  | { readonly kind: 'error'; readonly statusCode: number; readonly type: string; readonly message?: string }
  /** Answered with a page of a proxy. */
  | { readonly kind: 'html'; readonly statusCode: number }
  /** Done, but the connection ends in the middle of the answer. */
  | { readonly kind: 'cut-off' }
  /** Done, and answered with half of the text under the length of the half. */
  | { readonly kind: 'truncated-json' }
  /** Done, and answered with the checksum of something else. */
  | { readonly kind: 'wrong-checksum' }
  /** Done, and answered with `{}`. */
  | { readonly kind: 'empty-object' }
  /** Done, but the connection is reset instead of an answer. */
  | { readonly kind: 'reset' }
  /** The answer begins after `beforeMs` and then comes in `pieces`, `betweenMs` apart. */
  | { readonly kind: 'slow'; readonly beforeMs: number; readonly pieces?: number; readonly betweenMs?: number }
  /** DescribeStream: this page shows no shards, and the cursor goes on as if it had. */
  | { readonly kind: 'dropped-page' }
  /** GetRecords: records that were already given come again in front. */
  | { readonly kind: 'repeated-records' }
  /** GetRecords: the first two records change places. */
  | { readonly kind: 'swapped-records' }

/** When a fault strikes. Without `count` it goes on until it is removed. */
export interface FaultRule {
  /** An action's name, or `*`. */
  readonly action: string
  readonly fault: Fault
  readonly count?: number
  /** Strikes each matching request with this probability; 1 by default. */
  readonly probability?: number
  readonly when?: (request: SimulatedRequest) => boolean
}

/** The faults that are planned. The first rule that matches a request strikes it. */
export interface FaultPlan {
  /** Adds a rule; the returned function removes it. */
  add(rule: FaultRule): () => void
  clear(): void
  /** How often rules have struck, by kind of fault. */
  readonly struck: ReadonlyMap<string, number>
}

/** The plan, as the server asks it. */
export interface FaultSource extends FaultPlan {
  next(request: SimulatedRequest): Fault | undefined
}

/** An empty plan. */
export function createFaultPlan(rng: Rng): FaultSource {
  const rules = new Set<{ readonly rule: FaultRule; left: number }>()
  const struck = new Map<string, number>()
  return {
    struck,
    add: (rule) => {
      const active = { rule, left: rule.count ?? Number.POSITIVE_INFINITY }
      rules.add(active)
      return () => void rules.delete(active)
    },
    clear: () => rules.clear(),
    next: (request) => {
      for (const active of rules) {
        const { rule } = active
        if (rule.action !== '*' && rule.action !== request.action) continue
        if (rule.when !== undefined && !rule.when(request)) continue
        if (rule.probability !== undefined && rng.next() >= rule.probability) continue
        if (--active.left <= 0) rules.delete(active)
        struck.set(rule.fault.kind, (struck.get(rule.fault.kind) ?? 0) + 1)
        return rule.fault
      }
      return undefined
    },
  }
}

/** What DynamoDB answers to a caller that it wants fewer requests of. */
export const throttled: Fault = {
  kind: 'error',
  statusCode: 400,
  type: 'ProvisionedThroughputExceededException',
  message: 'The level of configured provisioned throughput for the shard was exceeded.',
}

/** What DynamoDB answers when something is wrong with itself. */
export const serverError: Fault = { kind: 'error', statusCode: 500, type: 'InternalServerError', message: 'internal' }

/** What AWS answers when a permission is missing. */
export function accessDenied(action: string, resource: string): Fault {
  return {
    kind: 'error',
    statusCode: 400,
    type: 'AccessDeniedException',
    message: `User: arn:aws:iam::123456789012:user/reader is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
  }
}
