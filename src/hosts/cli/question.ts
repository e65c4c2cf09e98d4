import { createInterface } from 'node:readline/promises'
import { TailraceError } from '../../errors.ts'
import type { CommandContext } from './command-context.ts'

/** One question to a person. */
export interface Question {
  readonly text: string
  /** What an empty answer means; without it an empty answer is asked again. */
  readonly suggestion?: string
  /** Why an answer cannot be taken, or undefined if it can. */
  readonly complaint: (answer: string) => string | undefined
}

/** Asks until each question has an answer that can be taken. */
export interface Interview extends Disposable {
  /** Rejects with the signal's reason at Ctrl-C, and with USAGE when the input ends. */
  ask(question: Question): Promise<string>
}

/** An interview on the terminal: questions on standard error, so that standard output stays the result's. */
export function startInterview(context: CommandContext): Interview {
  const terminal = createInterface({ input: context.stdin, output: context.stderr, terminal: false })
  // Asked line by line: readline would drop lines that arrive between two questions.
  const answers = terminal[Symbol.asyncIterator]()
  return {
    ask: async (question) => {
      const hint = question.suggestion === undefined ? '' : ` [${question.suggestion}]`
      for (;;) {
        context.stderr.write(`${question.text}${hint}: `)
        const line = await nextLine(answers, context.signal)
        const answer = line.trim() === '' ? (question.suggestion ?? '') : line.trim()
        const complaint = question.complaint(answer)
        if (complaint === undefined) return answer
        context.stderr.write(`  ${complaint}\n`)
      }
    },
    [Symbol.dispose]: () => terminal.close(),
  }
}

async function nextLine(lines: AsyncIterator<string>, signal: AbortSignal): Promise<string> {
  const next = await new Promise<IteratorResult<string>>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    lines
      .next()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort))
  })
  if (next.done === true) throw new TailraceError('USAGE', 'the input ended before all questions were answered')
  return next.value
}
