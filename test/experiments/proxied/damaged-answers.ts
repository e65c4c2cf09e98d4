import { systemClock as clock } from '../../../src/async/system-clock.ts'
import { awsErrors } from '../../faults/aws-errors.ts'
import type { Toxic } from '../../faults/toxic.ts'
import type { Experiment } from '../experiment.ts'
import { startTailraceRun } from './tailrace-run.ts'

/** What can happen to answers on their way, and their servers. */
const damages: readonly { readonly name: string; readonly toxic: Toxic }[] = [
  { name: 'server-error', toxic: awsErrors.internalServerError },
  { name: 'server-error', toxic: awsErrors.serviceUnavailable },
  { name: 'body-cut', toxic: { kind: 'truncate-body' } },
  { name: 'body-cut', toxic: { kind: 'truncate-body', as: 'cut-off' } },
  { name: 'body-cut', toxic: { kind: 'truncate-body', bytes: 1 } },
  { name: 'body-cut', toxic: { kind: 'truncate-body', bytes: 0 } },
  { name: 'wrong-checksum', toxic: { kind: 'wrong-crc32' } },
  { name: 'slow-drip', toxic: { kind: 'slow-body', pieces: 12, betweenMs: 40 } },
  { name: 'too-slow', toxic: { kind: 'slow-body', pieces: 4, betweenMs: 3_000 } },
  { name: 'reset', toxic: { kind: 'reset' } },
]

const rounds = 12
const recoveryMs = 45_000

/** E32: what stands between a client and DynamoDB does everything to its answers that HTTP allows, and more. */
export const damagedAnswers: Experiment = {
  id: 'E32',
  title: 'HTTP answers of DynamoDB Streams are cut, corrupt, slow, reset or errors, from now and then to nearly always',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 2_000, faults: { 'body-cut': 20, 'wrong-checksum': 5, 'server-error': 10 } },
  target: { faults: { 'body-cut': 2_000, 'wrong-checksum': 1_000, 'server-error': 1_000, reset: 500 } },
  run: async (seed, signal) => {
    await using run = await startTailraceRun({ seed, signal, workers: 2, openShards: 6 })
    const { ground, book } = run
    const hangs: string[] = []
    for (let round = 0; round < rounds; round++) {
      signal.throwIfAborted()
      const probability = 0.1 + 0.85 * ground.rng.next()
      const chosen = [0, 3, 7].map((step) => damages[(seed + round + step) % damages.length])
      const toxics = chosen.flatMap((damage) => {
        if (damage === undefined) return []
        return [{ name: damage.name, active: ground.aws.add({ ...damage.toxic, probability: probability / 2 }) }]
      })
      const until = clock.monotonic() + 2_500
      while (clock.monotonic() < until) {
        // A reset strikes what is open when it is added.
        const resets = ground.aws.add({ kind: 'reset', probability: 0.05 })
        await clock.sleep(250)
        book.struck('reset', resets.struck)
        await resets.remove()
      }
      for (const { name, active } of toxics) book.struck(name, active.struck)
      await ground.heal()
      book.ended()
      if (!(await ground.watch.untilCaughtUp(recoveryMs)))
        hangs.push(`lag was not below 5 s ${recoveryMs} ms after round ${round}`)
    }
    return await run.finish({ hangs })
  },
}
