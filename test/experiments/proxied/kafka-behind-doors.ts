import type { Clock } from '../../../src/async/clock.ts'
import type { Rng } from '../../../src/async/rng.ts'
import type { LocalKafkaListener } from '../../../src/hosts/demo/kafka-properties.ts'
import { startLocalKafka } from '../../../src/hosts/demo/local-kafka.ts'
import type { LocalKafka, LocalKafkaOptions } from '../../../src/hosts/demo/local-kafka.ts'
import { parseBroker } from '../../../src/kafka/kafka-connection.ts'
import { startFaultProxy } from '../../faults/fault-proxy.ts'
import type { FaultProxy } from '../../faults/fault-proxy.ts'

/** A broker with several doors, each behind a fault proxy of its own, and one that no toxic reaches. */
export interface KafkaBehindDoors extends AsyncDisposable {
  readonly kafka: LocalKafka
  /** Whoever comes in by one of them stays on it: each is a listener, and what that listener advertises. */
  readonly doors: readonly FaultProxy[]
  /** Past the proxies, for whoever judges. */
  readonly directServers: string
}

/** The listener behind a door. The proxy in front of one with TLS sees bytes only, and takes the toxics of TCP. */
export type DoorListener = Pick<LocalKafkaListener, 'protocol' | 'properties'>

/** Starts the proxies and the broker. Members' sessions may be as short as a second. */
export async function startKafkaBehindDoors(options: {
  /** An existing, empty folder. */
  readonly directory: string
  readonly doors: number
  /** Of each door; those that are not named are PLAINTEXT. */
  readonly doorListeners?: readonly DoorListener[] | undefined
  readonly scramUsers?: LocalKafkaOptions['scramUsers'] | undefined
  readonly clock: Clock
  readonly rng: Rng
  /** Default: the broker's own, 2. */
  readonly transactionVersion?: 0 | 1 | 2 | undefined
  readonly extraProperties?: Readonly<Record<string, string>> | undefined
}): Promise<KafkaBehindDoors> {
  await using stack = new AsyncDisposableStack()
  const { clock, rng, directory, transactionVersion, scramUsers = [] } = options
  const listenerOf = (door: number): DoorListener => options.doorListeners?.[door] ?? { protocol: 'PLAINTEXT' }
  let kafka: LocalKafka | undefined
  const doors: FaultProxy[] = []
  for (let door = 0; door < options.doors; door++) {
    const upstream = (): ReturnType<typeof parseBroker> => {
      const address = kafka?.listeners.get(nameOfDoor(door))
      if (address === undefined) throw new Error('the broker behind the proxy has not started yet')
      return parseBroker(address)
    }
    const protocol = listenerOf(door).protocol.endsWith('SSL') ? 'tcp' : 'kafka'
    doors.push(stack.use(await startFaultProxy({ upstream, protocol, clock, rng })))
  }
  const listeners = doors.map(({ port }, door) => {
    return { name: nameOfDoor(door), advertisedPort: port, ...listenerOf(door) }
  })
  kafka = stack.use(
    await startLocalKafka({
      directory,
      archiveClasses: true,
      listeners,
      scramUsers,
      extraProperties: { 'group.min.session.timeout.ms': '1000', ...options.extraProperties },
      ...(transactionVersion === undefined ? {} : { transactionVersion }),
    }),
  )
  const started = stack.move()
  return {
    kafka,
    doors,
    directServers: kafka.bootstrapServers,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  }
}

/** The listener's name. */
export function nameOfDoor(door: number): string {
  return `DOOR${door}`
}
