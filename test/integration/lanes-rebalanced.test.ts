import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { systemClock as clock } from '../../src/async/system-clock.ts'
import { systemRng as rng } from '../../src/async/system-rng.ts'
import type { GroupMembership } from '../../src/kafka/group-membership.ts'
import type { KafkaApi } from '../../src/kafka/kafka.ts'
import { createWireGroupMembership } from '../../src/kafka/wire-group-membership.ts'
import { connectKafka, makeTopic } from '../servers/connected-kafka.ts'

const { signal } = new AbortController()
const { bootstrapServers } = inject('kafka')
const lanes = 8
let kafka: KafkaApi

beforeAll(() => {
  kafka = connectKafka(bootstrapServers)
})

afterAll(() => kafka[Symbol.asyncDispose]())

/** A member that works on what it was given, until it is told that it lost it. */
interface Worker extends AsyncDisposable {
  readonly membership: GroupMembership
  readonly held: ReadonlySet<number>
}

function startWorker(group: string, topic: string, working: Map<number, string>, name: string): Worker {
  const membership = createWireGroupMembership({
    connection: { brokers: [bootstrapServers] },
    clock,
    rng,
    group,
    topic,
    sessionTimeoutMs: 6000,
  })
  const held = new Set<number>()
  const stop = new AbortController()
  const ended = (async () => {
    for await (const { partitions } of membership.assignments(stop.signal)) {
      // Letting go takes a while; nobody else may be given the lane meanwhile.
      const lost = [...held].filter((lane) => !partitions.includes(lane))
      if (lost.length > 0) await clock.sleep(200)
      for (const lane of lost) {
        held.delete(lane)
        working.delete(lane)
      }
      for (const lane of partitions.filter((given) => !held.has(given))) {
        expect([lane, working.get(lane)]).toEqual([lane, undefined])
        held.add(lane)
        working.set(lane, name)
      }
    }
  })()
  return {
    membership,
    held,
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await ended
      for (const lane of held) working.delete(lane)
      held.clear()
      await membership[Symbol.asyncDispose]()
    },
  }
}

async function untilShared(workers: readonly Worker[]): Promise<readonly number[]> {
  const floor = Math.floor(lanes / workers.length)
  const isShared = (): boolean => {
    const all = workers.flatMap(({ held }) => [...held])
    return all.length === lanes && new Set(all).size === lanes && workers.every(({ held }) => held.size >= floor)
  }
  const since = clock.monotonic()
  while (!isShared()) {
    if (clock.monotonic() - since > 20_000) throw new Error(JSON.stringify(workers.map(({ held }) => [...held])))
    await clock.sleep(20)
  }
  for (const { held, membership } of workers) {
    for (let lane = 0; lane < lanes; lane++) expect([lane, membership.owns(lane)]).toEqual([lane, held.has(lane)])
  }
  return workers.map(({ held }) => held.size)
}

test('one, two, three members and back: every lane has one owner, few move, none is worked on twice', async () => {
  const topic = await makeTopic(kafka, lanes)
  const working = new Map<number, string>()
  await using a = startWorker(topic, topic, working, 'a')
  expect(await untilShared([a])).toEqual([8])
  await using b = startWorker(topic, topic, working, 'b')
  expect(await untilShared([a, b])).toEqual([4, 4])
  const before = { a: [...a.held], b: [...b.held] }
  await using c = startWorker(topic, topic, working, 'c')
  expect((await untilShared([a, b, c])).toSorted((x, y) => x - y)).toEqual([2, 3, 3])
  expect([...a.held].every((lane) => before.a.includes(lane))).toBe(true)
  expect([...b.held].every((lane) => before.b.includes(lane))).toBe(true)
  expect(await kafka.groupMembers(topic, signal)).toBe(3)

  const kept = { a: [...a.held], c: [...c.held] }
  await b[Symbol.asyncDispose]()
  expect(await untilShared([a, c])).toEqual([4, 4])
  expect(kept.a.every((lane) => a.held.has(lane)) && kept.c.every((lane) => c.held.has(lane))).toBe(true)
})

test('a group can be deleted only while it has no members', async () => {
  const topic = await makeTopic(kafka, lanes)
  {
    await using worker = startWorker(topic, topic, new Map(), 'a')
    await untilShared([worker])
    await expect(kafka.deleteGroup(topic, signal)).rejects.toMatchObject({ errorName: 'NON_EMPTY_GROUP' })
  }
  expect(await kafka.groupMembers(topic, signal)).toBe(0)
  await kafka.deleteGroup(topic, signal)
  await expect(kafka.deleteGroup(topic, signal)).rejects.toMatchObject({ errorName: 'GROUP_ID_NOT_FOUND' })
})
