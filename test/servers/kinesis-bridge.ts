import { seededRng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import { createKinesisBridge } from '../../src/hosts/demo/kinesis-bridge.ts'
import type { KinesisBridge, KinesisBridgeSettings } from '../../src/hosts/demo/kinesis-bridge.ts'
import { connectToKinesis } from './local-kinesis.ts'
import { connectTo, sourceOver } from './stream-simulator/simulator-client.ts'

/** What a test bridges. */
export interface BridgeUnderTestOptions {
  readonly dynamodbEndpoint: string
  readonly kinesisEndpoint: string
  /** Names and patterns; they must exist by now, with streams of both images. */
  readonly tables: readonly string[]
  /** A stream that is active. */
  readonly stream: string
  /** Decides which changes are delivered badly, if the settings say that some are. */
  readonly seed?: number
  readonly settings?: Partial<KinesisBridgeSettings>
}

/** A bridge that runs in this process until it is disposed. Disposing rejects if it failed. */
export interface BridgeUnderTest extends AsyncDisposable {
  readonly settings: KinesisBridge['settings']
  readonly counts: KinesisBridge['counts']
  /** Waits until so many changes were read and all of their records delivered. Rejects when the bridge fails. */
  untilDelivered(changes: number, limitMs?: number): Promise<void>
}

/** Starts a bridge between DynamoDB Local and a local Kinesis. */
export function startBridgeUnderTest(options: BridgeUnderTestOptions): BridgeUnderTest {
  const stop = new AbortController()
  const streams = connectTo(options.dynamodbEndpoint)
  const kinesis = connectToKinesis(options.kinesisEndpoint)
  const { source } = sourceOver(streams, systemClock, {
    tables: options.tables,
    polling: { minIntervalMs: 10, idleBaseMs: 10, idleCapMs: 50 },
  })
  const bridge = createKinesisBridge({
    source,
    api: kinesis,
    stream: options.stream,
    clock: systemClock,
    rng: seededRng(options.seed ?? 1),
    ...(options.settings === undefined ? {} : { settings: options.settings }),
  })
  const failed = new AbortController()
  const running = bridge.run(stop.signal).catch((error: unknown) => failed.abort(error))
  return {
    settings: bridge.settings,
    get counts() {
      return bridge.counts
    },
    untilDelivered: async (changes, limitMs = 30_000) => {
      const deadline = systemClock.monotonic() + limitMs
      while (bridge.counts.changes < changes || bridge.counts.waiting > 0) {
        failed.signal.throwIfAborted()
        if (systemClock.monotonic() > deadline)
          throw new Error(`only ${JSON.stringify(bridge.counts)} of ${changes} changes came across the bridge`)
        await systemClock.sleep(10)
      }
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await running
      await streams[Symbol.asyncDispose]()
      await kinesis[Symbol.asyncDispose]()
      failed.signal.throwIfAborted()
    },
  }
}
