import { expect, inject, it } from 'vitest'
import { differencesOf } from '../connect/compare.ts'
import { conversation } from '../connect/conversation.ts'
import { fileSourcePeer } from '../connect/file-source-peer.ts'
import { play } from '../connect/play.ts'
import { recordedAnswers } from '../connect/recorded.ts'
import { startLocalConnect } from '../servers/local-connect.ts'

it(
  'a real Kafka Connect still answers as it was recorded (`node test/connect/record.ts` records it anew)',
  { timeout: 240_000 },
  async () => {
    await using connect = await startLocalConnect(inject('kafka').bootstrapServers)
    const now = await play(conversation, await fileSourcePeer(connect, `lines-${process.pid}`))
    expect(differencesOf(recordedAnswers(), now)).toEqual([])
  },
)
