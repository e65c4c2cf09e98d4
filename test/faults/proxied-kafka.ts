import type { Clock } from '../../src/async/clock.ts'
import type { Rng } from '../../src/async/rng.ts'
import { parseBroker } from '../../src/kafka/kafka-connection.ts'
import { startLocalKafka } from '../../src/hosts/demo/local-kafka.ts'
import type { LocalKafka, LocalKafkaOptions } from '../../src/hosts/demo/local-kafka.ts'
import { startFaultProxy } from './fault-proxy.ts'
import type { FaultProxy } from './fault-proxy.ts'

/** A broker with two doors: one behind a fault proxy, and one that no toxic reaches. */
export interface ProxiedKafka extends AsyncDisposable {
  readonly kafka: LocalKafka
  readonly proxy: FaultProxy
  /** Through the proxy. Clients that come in here stay on the proxy: it is what the broker advertises. */
  readonly bootstrapServers: string
  /** Past the proxy, for whoever judges. */
  readonly directServers: string
}

/**
 * Starts a proxy and a broker behind it; `artifacts` chooses the version as in `startLocalKafka`. The proxy goes on while
 * the broker is killed and restarted. Disposing ends both.
 */
export async function startProxiedKafka(
  options: LocalKafkaOptions & { readonly clock: Clock; readonly rng: Rng },
): Promise<ProxiedKafka> {
  await using stack = new AsyncDisposableStack()
  const { clock, rng, ...kafkaOptions } = options
  let behind: string | undefined
  const upstream = (): ReturnType<typeof parseBroker> => {
    if (behind === undefined) throw new Error('The broker behind the proxy has not started yet.')
    return parseBroker(behind)
  }
  const proxy = stack.use(await startFaultProxy({ upstream, protocol: 'kafka', clock, rng }))
  const listener = { name: 'PROXIED', protocol: 'PLAINTEXT', advertisedPort: proxy.port } as const
  const listeners = [...(options.listeners ?? []), listener]
  const kafka = stack.use(await startLocalKafka({ ...kafkaOptions, listeners }))
  behind = kafka.listeners.get(listener.name)
  const started = stack.move()
  return {
    kafka,
    proxy,
    bootstrapServers: proxy.address,
    directServers: kafka.bootstrapServers,
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  }
}
