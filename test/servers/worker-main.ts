import { readFileSync, realpathSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { systemClock } from '../../src/async/system-clock.ts'
import { systemRng } from '../../src/async/system-rng.ts'
import { loadConfig } from '../../src/config/load-config.ts'
import { isAbort } from '../../src/errors.ts'
import { runPipeline } from '../../src/hosts/assemble.ts'
import { openClaimCheckStore } from '../../src/hosts/claim-checks-of.ts'
import { kafkaConnectionOf } from '../../src/hosts/kafka-connection-of.ts'
import { openSource } from '../../src/hosts/source-of.ts'
import { createWireGroupMembership } from '../../src/kafka/wire-group-membership.ts'
import { createWireKafka } from '../../src/kafka/wire-kafka.ts'
import { crashFromEnvironment } from '../crash/crash-from-environment.ts'
import { withCrashPoints } from '../crash/crashing-kafka.ts'
import { freezeFromEnvironment } from '../crash/freeze-from-environment.ts'
import { membershipWithCrashPoints, sourceWithCrashPoints } from '../crash/crashing-ports.ts'
import { stallFromEnvironment } from '../crash/stall-from-environment.ts'

/**
 * One worker as a process of its own, for tests that kill it: `node worker-main.ts <config> <session timeout ms>`. Like
 * `tailrace run`, but with a session timeout short enough to see take-overs, and with events as JSON lines on stdout.
 * `TAILRACE_CRASH=<point>:<hit>` makes it kill itself there, `TAILRACE_FREEZE=<point>` freeze itself when it is told to,
 * and `TAILRACE_STALL=<point>:<seed>` block its event loop when it is told to.
 */
const [file = '', sessionTimeoutMs = '6000'] = process.argv.slice(2)
// A process that is killed would never write the cache from which its successors start in half the time.
flushCompileCache()
const stop = new AbortController()
process.on('SIGTERM', () => stop.abort(new Error('told to stop')))
const config = loadConfig({
  text: readFileSync(file, 'utf8'),
  path: file,
  env: process.env,
  readFile: (path) => readFileSync(path),
  realPath: (path) => realpathSync(path),
})
const clock = systemClock
const rng = systemRng
const connection = kafkaConnectionOf(config.kafka, clock)
const kafka = createWireKafka({ connection, clock, rng, compression: config.kafka.compression })
const membership = createWireGroupMembership({
  connection,
  clock,
  rng,
  group: config.groupId,
  topic: config.ledger.topic,
  sessionTimeoutMs: Number(sessionTimeoutMs),
  heartbeatMs: 300,
})
const owned = openSource(config.source, { clock, rng, env: process.env, pollIdleMaxMs: 300 })
const claimChecks = await openClaimCheckStore(config, owned, { clock, rng, env: process.env })
const now = (): number => clock.now()
const reach =
  crashFromEnvironment(process.env, now) ??
  freezeFromEnvironment(process.env, now) ??
  stallFromEnvironment(process.env, now)
const ports =
  reach === undefined
    ? { kafka, membership, source: owned.source }
    : {
        kafka: withCrashPoints(kafka, config.ledger.topic, reach),
        membership: membershipWithCrashPoints(membership, reach),
        source: sourceWithCrashPoints(owned.source, reach),
      }
const show = (_: string, value: unknown): unknown =>
  value instanceof Error ? { message: value.message, cause: String(value.cause) } : value
try {
  await runPipeline(
    config,
    {
      ...ports,
      ...(claimChecks === undefined ? {} : { claimChecks }),
      clock,
      rng,
      // The safety net of discovery at a test's pace.
      coordinatorTuning: { listingMs: 2_000, tableCheckMs: 5_000 },
      onEvent: (event) => {
        if (event.kind !== 'page-read') process.stdout.write(`${clock.now()} ${JSON.stringify(event, show)}\n`)
      },
    },
    '0.0.0-test',
    stop.signal,
  )
  await owned[Symbol.asyncDispose]()
  await kafka[Symbol.asyncDispose]()
  process.exit(0)
} catch (error) {
  // Told to stop before it had begun.
  if (isAbort(error, stop.signal)) process.exit(0)
  process.stdout.write(`${clock.now()} ${JSON.stringify({ kind: 'died', error }, show)}\n`)
  process.exit(1)
}
