import { expect, it } from 'vitest'
import { differencesOf } from './compare.ts'
import { conversation } from './conversation.ts'
import { startMemoryPeer } from './memory-peer.ts'
import { play } from './play.ts'
import type { Recorded } from './play.ts'
import { recordedAnswers } from './recorded.ts'
import { nameOf } from './step.ts'
import { unwanted } from './wanted-differences.ts'

it('names each step once', () => {
  const names = conversation.map(nameOf)
  expect(new Set(names).size).toBe(names.length)
})

it('our REST API answers as the recorded Connect does, but for what is meant', async () => {
  await using peer = await startMemoryPeer()
  const ours = await play(conversation, peer)
  expect(unwanted(differencesOf(recordedAnswers(), ours))).toEqual({ differences: [], unseen: [] })
})

it.each<readonly [string, Partial<Recorded>]>([
  ['another status', { status: 201 }],
  ['another type', { contentType: 'text/plain' }],
  ['a member less', { body: { version: '<string>', commit: '<string>' } }],
  [
    'a member more',
    { body: { version: '<string>', commit: '<string>', kafka_cluster_id: '<string>', more: '<string>' } },
  ],
  ['another type of a member', { body: { version: '<number>', commit: '<string>', kafka_cluster_id: '<string>' } }],
])('sees %s', (_, change) => {
  const theirs = recordedAnswers()
  const ours = theirs.map((one) => (one.step === 'GET /' ? { ...one, ...change } : one))
  expect(unwanted(differencesOf(theirs, ours)).differences).toHaveLength(1)
})
