import { describe, expect, it } from 'vitest'
import { eventFrame, frameOf } from '../../test/servers/event-frame.ts'
import { createEventFrames } from './event-frames.ts'
import type { EventFrame, EventFrames } from './event-frames.ts'

const fail = (reason: string): Error => new Error(reason)
const frames = (maxBytes = 10_000): EventFrames => createEventFrames(maxBytes, fail)
const takeAll = (reader: EventFrames): readonly EventFrame[] => {
  const taken: EventFrame[] = []
  for (let next = reader.take(); next !== undefined; next = reader.take()) taken.push(next)
  return taken
}
const shown = ({ headers, payload, bytes }: EventFrame) => ({ headers, text: payload.toString(), bytes })

const first = eventFrame({ ':message-type': 'event', ':event-type': 'A' }, '{"n":1}')
const second = eventFrame({ ':event-type': 'Ä' }, '')
const third = eventFrame({}, 'x'.repeat(500))

describe('event frames', () => {
  it('are the same wherever the bytes are divided', () => {
    const bytes = Buffer.concat([first, second, third])
    const expected = [
      { headers: { ':message-type': 'event', ':event-type': 'A' }, text: '{"n":1}', bytes: first.length },
      { headers: { ':event-type': 'Ä' }, text: '', bytes: second.length },
      { headers: {}, text: 'x'.repeat(500), bytes: third.length },
    ]
    for (const size of [1, 2, 3, 7, 11, 12, 13, 64, 200, bytes.length]) {
      const reader = frames()
      const taken: EventFrame[] = []
      for (let at = 0; at < bytes.length; at += size) {
        reader.push(bytes.subarray(at, at + size))
        taken.push(...takeAll(reader))
      }
      expect(taken.map(shown)).toEqual(expected)
      expect(reader.isEmpty).toBe(true)
    }
    const reader = frames()
    reader.push(bytes)
    expect(takeAll(reader).map(shown)).toEqual(expected)
  })

  it('knows that a part of a message is here', () => {
    const reader = frames()
    reader.push(Buffer.alloc(0))
    expect(reader.isEmpty).toBe(true)
    reader.push(first.subarray(0, 20))
    expect(reader.take()).toBeUndefined()
    expect(reader.isEmpty).toBe(false)
  })

  it('never gives a message of which a byte was changed', () => {
    for (let at = 0; at < first.length; at++) {
      const damaged = Buffer.from(first)
      damaged.writeUInt8(damaged.readUInt8(at) ^ 0x40, at)
      const reader = frames()
      reader.push(damaged)
      expect(() => reader.take(), `byte ${at}`).toThrow(/checksum/)
    }
  })

  it('refuses lengths before it waits for the bytes', () => {
    const reader = frames(300)
    reader.push(third.subarray(0, 12))
    expect(() => reader.take()).toThrow('516 bytes')
  })

  it('passes over headers that are no text, and refuses those that it cannot measure', () => {
    const name = (type: number): Buffer => Buffer.from([1, 0x68, type])
    const values: readonly [number, number][] = [
      [0, 0],
      [1, 0],
      [2, 1],
      [3, 2],
      [4, 4],
      [5, 8],
      [8, 8],
      [9, 16],
    ]
    const fixed = values.map(([type, length]) => Buffer.concat([name(type), Buffer.alloc(length, 9)]))
    const bytes = Buffer.concat([name(6), Buffer.from([0, 2, 5, 5])])
    const text = Buffer.from([1, 0x74, 7, 0, 1, 0x61])
    const good = frames()
    good.push(frameOf(Buffer.concat([...fixed, bytes, text]), Buffer.from('p')))
    expect(good.take()).toMatchObject({ headers: { t: 'a' } })
    for (const head of [name(10), Buffer.from([9, 1]), Buffer.from([1, 0x74, 7, 0, 9, 0x61]), Buffer.from([1, 0x74])]) {
      const reader = frames()
      reader.push(frameOf(head, Buffer.from('p')))
      expect(() => reader.take()).toThrow('headers')
    }
  })
})
