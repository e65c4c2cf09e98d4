import type { Attachment } from './stages.ts'

/** Tells what belongs to records that they will not be written. */
export function abandon(attachments: readonly Attachment[]): void {
  for (const attachment of attachments) attachment.settle('aborted')
}

/** Does the work that collects attachments; if it rejects, nothing of what was collected so far will be written. */
export async function orAbandon<T>(collected: readonly Attachment[], work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    abandon(collected)
    throw error
  }
}

/** Tells what belongs to a transaction of its fate, once it is known, or known not to be known. */
export async function settled(
  attachments: readonly Attachment[],
  session: { readonly fate: 'aborted' | 'unknown' },
  commit: () => Promise<void>,
): Promise<void> {
  try {
    await commit()
  } catch (error) {
    for (const attachment of attachments) attachment.settle(session.fate)
    throw error
  }
  for (const attachment of attachments) attachment.settle('committed')
}
