import { expect, it } from 'vitest'
import { createMemoryLedger, ordersEntry } from '../../../test/fixtures/memory-ledger.ts'
import { createSimulatedLedger } from '../../../test/fixtures/simulated-ledger.ts'
import { TailraceError } from '../../errors.ts'
import type { KafkaApi } from '../../kafka/kafka.ts'
import { createPipelineClusters } from './pipeline-clusters.ts'

type Identity = Awaited<ReturnType<ReturnType<typeof createPipelineClusters>['identityOf']>>

/** What is said of a ledger's configuration over a cluster of which parts are replaced. */
async function identity(
  change: (kafka: KafkaApi) => Partial<KafkaApi>,
  { topic, patienceMs = 5_000 }: { readonly topic?: string; readonly patienceMs?: number } = {},
): Promise<Identity> {
  const { access, drive } = await createSimulatedLedger(createMemoryLedger(ordersEntry))
  const { kafka, clock, rng, config } = access
  const shared = { ...kafka, ...change(kafka) }
  const clusters = createPipelineClusters({ policy: { overrides: 'None' }, shared, clock, rng })
  const scope = new AbortController()
  void clock.sleep(patienceMs).then(() => scope.abort(new Error('the time is over')))
  const asked = topic === undefined ? config : { ...config, ledger: { topic, replicationFactor: -1 } }
  return drive(clusters.identityOf(asked, scope.signal))
}

const hang = (): Promise<never> => new Promise(() => undefined)

it('gives the epoch of a ledger, also if a partition has no leader for a moment', async () => {
  let failures = 1
  const young = (kafka: KafkaApi): Partial<KafkaApi> => ({
    offsets: async (...args) => {
      if (failures-- > 0) throw new TailraceError('KAFKA_PROTOCOL', 'NOT_LEADER_OR_FOLLOWER')
      return kafka.offsets(...args)
    },
  })
  expect(await identity(young)).toEqual({ epoch: 1, fingerprint: 'f' })
})

it('gives nothing before the first start', async () => {
  expect(await identity(() => ({}), { topic: 'none' })).toBeUndefined()
})

it('is SERVICE_CHANGING if the ledger is there and cannot be read in time', async () => {
  await expect(identity(() => ({ offsets: hang }))).rejects.toMatchObject({ code: 'SERVICE_CHANGING' })
  const away = (): Promise<never> => Promise.reject(new TailraceError('KAFKA_PROTOCOL', 'LEADER_NOT_AVAILABLE'))
  await expect(identity(() => ({ offsets: away }), { patienceMs: 60_000 })).rejects.toMatchObject({
    code: 'SERVICE_CHANGING',
    message: expect.stringContaining('exists'),
  })
})

it('says nothing of a ledger that nobody knows to be there', async () => {
  await expect(identity(() => ({ topics: hang }))).rejects.toThrow('the time is over')
})
