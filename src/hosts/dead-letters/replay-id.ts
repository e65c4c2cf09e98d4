/** The transactional id of replays: whoever replays fences the one before, and whoever gives a pipeline over fences all. */
export function replayIdOf(pipeline: string): string {
  return `tailrace.${pipeline}.dlq`
}
