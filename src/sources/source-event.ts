import type { Retry } from '../aws/retry-forever.ts'
import type { ErrorCode } from '../error-catalogue.ts'

/** What a request was about, as far as there is such a thing. */
export interface RequestSubject {
  readonly streamArn?: string | undefined
  readonly shardId?: string | undefined
  readonly table?: string | undefined
}

/** What can happen while a source is read: the closed list, for metrics and logs. Decides nothing. */
export type SourceEvent =
  /** A throttled request waits and is repeated. */
  | (RequestSubject & {
      readonly kind: 'throttled'
      readonly action: string
      readonly attempt: number
      readonly delayMs: number
    })
  /** A request that failed for another reason (network, server error, permission, credentials) waits and is repeated. */
  | (RequestSubject & {
      readonly kind: 'retried'
      readonly action: string
      readonly attempt: number
      readonly delayMs: number
      readonly code: ErrorCode
      readonly message: string
    })
  /** An iterator had expired; the shard is taken up behind its last accepted change. */
  | { readonly kind: 'iterator-expired'; readonly streamArn: string; readonly shardId: string }
  /** A position was trimmed or its shard is gone, but it had been read to its end: nothing is lost. */
  | { readonly kind: 'drained-shard-trimmed'; readonly streamArn: string; readonly shardId: string }
  /** Children could not be asked for by shard; they are picked from a full listing. */
  | {
      readonly kind: 'shard-filter-refused'
      readonly streamArn: string
      readonly shardId: string
      readonly reason: string
    }
  /** A listing lost its place (the shard of its cursor is gone) and begins again. */
  | { readonly kind: 'listing-restarted'; readonly streamArn: string }
  /** What repair has met on a page of a Kinesis shard; only counts above zero are worth an event. */
  | {
      readonly kind: 'changes-repaired'
      readonly stream: string
      readonly shardId: string
      /** Repeats that were dropped. */
      readonly duplicates: number
      /** Changes that were put in order, that came later than the window, and that came behind a newer one. */
      readonly reordered: number
      readonly late: number
      readonly overtaken: number
      /** How often something was let go early for want of memory. */
      readonly shortened: number
    }
  /** By which action tables are found by their tags from now on. */
  | { readonly kind: 'tags-searched'; readonly way: 'tag:GetResources' | 'dynamodb:ListTagsOfResource' }
  /** A region or an account of several has not answered a search for tables, which went on without it. */
  | { readonly kind: 'account-silent'; readonly code: ErrorCode; readonly message: string }
  /** A table matches a pattern but cannot be read. */
  | { readonly kind: 'table-skipped'; readonly table: string; readonly code: ErrorCode }

/** The event of a request that is about to be repeated. */
export function retryEvent(action: string, subject: RequestSubject, retry: Retry): SourceEvent {
  const common = { ...subject, action, attempt: retry.attempt, delayMs: retry.delayMs }
  if (retry.error.code === 'AWS_THROTTLED') return { kind: 'throttled', ...common }
  return { kind: 'retried', ...common, code: retry.error.code, message: retry.error.message }
}
