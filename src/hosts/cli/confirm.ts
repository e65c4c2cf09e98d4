import { TailraceError } from '../../errors.ts'
import type { CommandContext } from './command-context.ts'
import { startInterview } from './question.ts'

/**
 * Asks whether to go on, unless `--yes` was given. `expected` is what must be typed: `yes`, or a name for what cannot be
 * undone. Any other answer is a no. Throws USAGE where nobody can be asked.
 */
export async function confirm(
  context: CommandContext,
  question: { readonly text: string; readonly expected: string; readonly isGiven: boolean },
): Promise<boolean> {
  if (question.isGiven) return true
  if (!context.isTerminal) throw new TailraceError('USAGE', 'nobody can be asked here: give --yes')
  using interview = startInterview(context)
  const answer = await interview.ask({
    text: `${question.text} Type ${question.expected} to go on`,
    suggestion: 'no',
    complaint: () => undefined,
  })
  return answer === question.expected
}
