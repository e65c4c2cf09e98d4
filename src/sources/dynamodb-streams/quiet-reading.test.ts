import { describe, expect, it } from 'vitest'
import { createQuietReading } from './quiet-reading.ts'

const wallMs = 1_800_000_000_000
const page = (secondsIn: number, records = 0, jumpMs = 0) => ({
  records,
  requestedAtMs: wallMs + secondsIn * 1000 + jumpMs,
  startedAtMs: secondsIn * 1000,
})

describe('how far a shard was read that shows nothing', () => {
  it('is known after ten minutes of empty pages: up to where they began', () => {
    const quiet = createQuietReading()
    for (let second = 0; second < 600; second++) expect(quiet.note(page(second))).toBeUndefined()
    expect(quiet.note(page(600))).toBe(wallMs)
    for (let second = 601; second < 1_200; second++) expect(quiet.note(page(second))).toBe(wallMs)
    expect(quiet.note(page(1_200))).toBe(wallMs + 600_000)
  })

  it('is not known by a few pages, however long they took', () => {
    const quiet = createQuietReading()
    for (let look = 0; look < 99; look++) expect(quiet.note(page(look * 60))).toBeUndefined()
    expect(quiet.note(page(99 * 60))).toBe(wallMs)
  })

  it('begins anew behind records and behind a new iterator', () => {
    const quiet = createQuietReading()
    for (let second = 0; second < 500; second++) quiet.note(page(second))
    quiet.note(page(500, 1))
    for (let second = 501; second < 800; second++) expect(quiet.note(page(second))).toBeUndefined()
    quiet.restart()
    for (let second = 800; second < 1_400; second++) expect(quiet.note(page(second))).toBeUndefined()
    expect(quiet.note(page(1_400))).toBe(wallMs + 800_000)
  })

  it('is not hurried by a wall clock that jumps', () => {
    const quiet = createQuietReading()
    for (let second = 0; second < 200; second++) quiet.note(page(second))
    for (let second = 200; second < 600; second++) expect(quiet.note(page(second, 0, 86_400_000))).toBeUndefined()
  })
})
