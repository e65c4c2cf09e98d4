import { systemClock as clock } from '../../../src/async/system-clock.ts'
import { awsErrors } from '../../faults/aws-errors.ts'
import type { HttpToxic } from '../../faults/toxic.ts'
import type { Experiment } from '../experiment.ts'
import { startTailraceRun } from './tailrace-run.ts'

type Refusal = Extract<HttpToxic, { readonly kind: 'http-error' }>

const { accessDenied } = awsErrors

/** What AWS answers when rights, credentials or keys are gone, and the code that tailrace gives it. */
const refusals: readonly { readonly name: string; readonly toxic: Refusal; readonly code: string }[] = [
  { name: 'permission-lost', toxic: accessDenied, code: 'AWS_ACCESS_DENIED' },
  { name: 'permission-lost', toxic: { ...accessDenied, status: 403 }, code: 'AWS_ACCESS_DENIED' },
  {
    name: 'token-expired',
    toxic: {
      kind: 'http-error',
      status: 400,
      type: 'com.amazon.coral.service#ExpiredTokenException',
      message: 'The security token included in the request is expired',
    },
    code: 'AWS_CREDENTIALS',
  },
  {
    name: 'key-disabled',
    toxic: {
      kind: 'http-error',
      status: 400,
      type: 'KMSAccessDeniedException',
      message: 'The ciphertext refers to a key that does not exist or that you do not have access to.',
    },
    code: 'AWS_ACCESS_DENIED',
  },
]

const episodes = 5
const recoveryMs = 45_000

/** E31: for some seconds, everything or one action is refused. */
export const awsRefusals: Experiment = {
  id: 'E31',
  title:
    'Permissions, credentials or keys are taken away for seconds and given back, for all requests or for one action',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 2_000, faults: { 'refused-request': 100 } },
  target: { faults: { 'refused-request': 10_000 } },
  run: async (seed, signal) => {
    await using run = await startTailraceRun({ seed, signal, workers: 2, openShards: 6 })
    const { ground, book, workers } = run
    const hangs: string[] = []
    for (let episode = 0; episode < episodes; episode++) {
      signal.throwIfAborted()
      const { name, toxic, code } = refusals[(seed + episode) % refusals.length] ?? {
        name: '',
        toxic: accessDenied,
        code: '',
      }
      const actions = [undefined, 'GetRecords', 'GetShardIterator', 'DescribeStream']
      const action = actions[Math.floor(ground.rng.next() * actions.length)]
      const before = ground.aws.struck.get('http-error') ?? 0
      const seen = workers.awsMessages.get(code)?.size ?? 0
      book.struck(name)
      ground.aws.add({ ...toxic, ...(action === undefined ? {} : { action }) })
      // Only a new shard needs an iterator: one of each stream is replaced.
      for (const { stream } of ground.writing.tables) stream.rotate(stream.openShards()[0]?.shardId ?? '')
      await clock.sleep(4_000 + 6_000 * ground.rng.next())
      await ground.heal()
      book.ended()
      const refused = (ground.aws.struck.get('http-error') ?? 0) - before
      book.struck('refused-request', refused)
      const isTold = (workers.awsMessages.get(code)?.size ?? 0) > 0 || seen > 0
      if (refused > 0 && !isTold) hangs.push(`nothing said ${code} during ${name}`)
      if (!(await ground.watch.untilCaughtUp(recoveryMs)))
        hangs.push(`lag was not below 5 s ${recoveryMs} ms after ${name}`)
    }
    const unnamed = [...(workers.awsMessages.get('AWS_ACCESS_DENIED') ?? [])].filter(
      (message) => !/[a-z]+:[A-Z][A-Za-z]+/.test(message),
    )
    return await run.finish({ hangs: [...hangs, ...unnamed.map((message) => `names no action: ${message}`)] })
  },
}
