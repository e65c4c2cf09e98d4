import { expect, inject, it } from 'vitest'
import { differencesOf } from '../connect/compare.ts'
import { conversation } from '../connect/conversation.ts'
import { fileSourcePeer } from '../connect/file-source-peer.ts'
import { play } from '../connect/play.ts'
import { recordedAnswers } from '../connect/recorded.ts'
import { startServicePeer } from '../connect/service-peer.ts'
import { unwanted } from '../connect/wanted-differences.ts'
import { startLocalConnect } from '../servers/local-connect.ts'

const { bootstrapServers } = inject('kafka')
const { endpoint } = inject('dynamodb')
const timeout = 240_000

it(
  'a real Kafka Connect still answers as it was recorded (`node test/connect/record.ts` records it anew)',
  { timeout },
  async () => {
    await using connect = await startLocalConnect(bootstrapServers)
    const now = await play(conversation, await fileSourcePeer(connect, `lines-${process.pid}`))
    expect(differencesOf(recordedAnswers(), now)).toEqual([])
  },
)

it('`tailrace serve` answers as the recorded Connect does, but for what is meant', { timeout }, async () => {
  await using service = await startServicePeer(bootstrapServers, endpoint)
  const ours = await play(conversation, service.peer)
  expect(unwanted(differencesOf(recordedAnswers(), ours))).toEqual({ differences: [], unseen: [] })
  expect(service.process.log().match(/^.*"level":"error".*$/gm) ?? []).toEqual([])
})
