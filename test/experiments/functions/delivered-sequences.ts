import { systemClock } from '../../../src/async/system-clock.ts'
import { readRecords } from '../../servers/whole-records.ts'

const patienceMs = 20_000

/**
 * Sequence numbers of all committed records of a topic. Markers are written behind a commit's answer, so it is looked again
 * until there are as many different ones as there should be, or for twenty seconds.
 */
export async function deliveredSequences(
  bootstrapServers: string,
  topic: string,
  expected: number,
): Promise<readonly string[]> {
  const deadlineMs = systemClock.monotonic() + patienceMs
  for (;;) {
    const numbers = (await readRecords(bootstrapServers, topic)).map(({ headers }) =>
      String(headers.find(([name]) => name === 'tailrace.seq')?.[1]),
    )
    if (new Set(numbers).size >= expected || systemClock.monotonic() > deadlineMs) return numbers
    await systemClock.sleep(200)
  }
}
