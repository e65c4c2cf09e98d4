/**
 * Where another product's reader of a stream was in one shard: everything up to a change was delivered by it, nothing yet
 * (`begun`), or all of a shard that is closed.
 */
export type ForeignPosition =
  | { readonly kind: 'after'; readonly sequenceNumber: string }
  | { readonly kind: 'begun' }
  | { readonly kind: 'end' }
