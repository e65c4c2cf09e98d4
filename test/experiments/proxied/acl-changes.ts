import { Admin } from '@platformatic/kafka'
import { systemClock as clock } from '../../../src/async/system-clock.ts'
import { TailraceError } from '../../../src/errors.ts'
import type { Experiment } from '../experiment.ts'
import { cutConnections } from './cut-connections.ts'
import { pipelineName } from './ground.ts'
import type { Ground } from './ground.ts'
import { startTailraceRun } from './tailrace-run.ts'
import type { TailraceRun } from './tailrace-run.ts'
import { textOfError, textOfNote } from './tended-workers.ts'
import { credentialsFrom } from './worker-credentials.ts'
import { createWorkerRights } from './worker-rights.ts'
import type { Right, WorkerRights } from './worker-rights.ts'

const recoveryMs = 45_000
const user = { name: 'worker', password: 'worker-secret' } as const
const modules = 'org.apache.kafka.common.security'

/** E20-acl: the worker's principal loses one right at a time. */
export const aclChanges: Experiment = {
  id: 'E20-acl',
  title:
    'Rights on topics, transactional ids and the group are taken away for seconds and given back, one after the other',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 1_500, faults: { 'permission-lost': 9 } },
  target: { faults: { 'permission-lost': 200 } },
  run: async (seed, signal) => {
    let rights: WorkerRights | undefined
    let admin: Admin | undefined
    const prepare = async ({ kafka, topics }: Ground): Promise<void> => {
      admin = new Admin({ clientId: 'operator', bootstrapBrokers: [kafka.directServers] })
      const principal = `User:${user.name}`
      rights = createWorkerRights(admin, { principal, pipeline: pipelineName, topics: [...topics.keys()] })
      await rights.grant(rights.documented)
    }
    try {
      await using run = await startTailraceRun({ ...securedGround(), seed, signal, workers: 2, lanes: 4, prepare })
      if (rights === undefined) throw new Error('nobody has prepared the broker')
      const hangs: string[] = []
      const notes: string[] = []
      for (const loss of planLosses(run, rights)) {
        signal.throwIfAborted()
        const { missed, seen } = await loseAndGetBack(run, rights, loss)
        hangs.push(...missed)
        notes.push(...seen)
      }
      return await run.finish({ hangs, notes })
    } finally {
      await admin?.close()
    }
  },
}

/** One door, which asks who comes; the plain listener, by which the judges come, may do everything. */
function securedGround(): Pick<
  Parameters<typeof startTailraceRun>[0],
  'doorListeners' | 'brokerProperties' | 'credentialsOf'
> {
  return {
    doorListeners: [
      {
        protocol: 'SASL_PLAINTEXT',
        properties: {
          'sasl.enabled.mechanisms': 'PLAIN',
          'plain.sasl.jaas.config': `${modules}.plain.PlainLoginModule required user_${user.name}="${user.password}";`,
        },
      },
    ],
    brokerProperties: {
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS',
      'allow.everyone.if.no.acl.found': 'false',
    },
    credentialsOf: () =>
      credentialsFrom({
        'security.protocol': 'SASL_PLAINTEXT',
        'sasl.mechanism': 'PLAIN',
        'sasl.username': user.name,
        'sasl.password': user.password,
      }),
  }
}

/** A right that is lost: its entry is removed, or another one forbids it. */
interface Loss {
  readonly right: Right
  readonly how: 'removed' | 'denied'
  readonly ms: number
}

/** Every right that a running pipeline needs, in an order of the seed. */
function planLosses({ ground: { rng } }: TailraceRun, { documented }: WorkerRights): readonly Loss[] {
  return documented
    .filter(({ operation }) => ['READ', 'WRITE', 'DESCRIBE'].includes(operation))
    .map((right) => {
      // Who may read or write, may describe: that is lost only when it is forbidden.
      const how = right.operation === 'DESCRIBE' || rng.next() < 0.5 ? 'denied' : 'removed'
      return { rank: rng.next(), right, how, ms: 3_000 + 3_000 * rng.next() } as const
    })
    .toSorted((a, b) => a.rank - b.rank)
}

async function loseAndGetBack(
  run: TailraceRun,
  rights: WorkerRights,
  { right, how, ms }: Loss,
): Promise<{ readonly missed: readonly string[]; readonly seen: readonly string[] }> {
  const { ground, book, workers } = run
  const from = workers.notes.length
  const fromGroup = workers.groupProblems.length
  book.struck('permission-lost')
  await (how === 'denied' ? rights.deny(right) : rights.remove(right))
  await askAgain(run, right)
  await clock.sleep(ms)
  await (how === 'denied' ? rights.undeny(right) : rights.grant([right]))
  book.ended()
  const notes = workers.notes.slice(from)
  const texts = [
    ...notes.flatMap(({ event }) => ('error' in event && isRefusal(event.error) ? [textOfError(event.error)] : [])),
    ...workers.groupProblems.slice(fromGroup).map(([, text]) => text),
  ]
  const what = `${right.operation} on ${right.type} ${right.name} (${how})`
  const missed: string[] = []
  if (!texts.some((text) => text.includes('KAFKA_AUTHORIZATION') && text.includes(right.name)))
    missed.push(`${what}: nothing named it; seen: ${summary(notes.map(textOfNote))}`)
  // No worker may die of it, and no table may wait for a person.
  const ended = notes.filter(({ event }) => event.kind === 'worker-died' || event.kind === 'table-stopped')
  missed.push(...ended.map((note) => `${what}: ${textOfNote(note)}`))
  if (!(await ground.watch.untilCaughtUp(recoveryMs))) {
    missed.push(`${what}: lag was not below 5 s ${recoveryMs} ms after it was given back`)
    await workers.restartAll()
  }
  return { missed, seen: [`${what}: ${summary(texts)}`] }
}

/**
 * What a worker has asked and remembers: where things are, it asks again when a request gets no answer; where the
 * coordinators of its group and its lanes are, it may not need to know again before its next start.
 */
async function askAgain({ ground, workers }: TailraceRun, { type, operation }: Right): Promise<void> {
  if (operation !== 'DESCRIBE') return
  if (type !== 'TOPIC') await workers.restartAll()
  else await Promise.all(ground.kafka.doors.map(cutConnections))
}

function isRefusal(error: unknown): boolean {
  return error instanceof TailraceError && error.code === 'KAFKA_AUTHORIZATION'
}

/** The different ones, a few of them. */
function summary(texts: readonly string[]): string {
  return [...new Set(texts)].slice(0, 4).join(' | ') || 'nothing'
}
