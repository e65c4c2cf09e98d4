import { appendFile, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { seededRng } from '../async/rng.ts'
import { systemClock as clock } from '../async/system-clock.ts'
import type { SignalFile, TakenFile } from '../pipeline/signals/signal-ports.ts'
import { createSignalFile } from './signal-file.ts'

let folder: string
let file: string
let signals: SignalFile

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tailrace-test-'))
  file = path.join(folder, 'signals.jsonl')
  signals = createSignalFile(file, { clock, rng: seededRng(1) })
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const { signal } = new AbortController()
const take = async (): Promise<readonly string[]> =>
  (await signals.take(signal)).map(({ content }) => Buffer.from(content).toString())
const onlyOne = async (): Promise<TakenFile> => {
  const [taken, ...others] = await signals.take(signal)
  if (taken === undefined || others.length > 0) throw new Error('not one file was taken')
  return taken
}
const age = (name: string): Promise<void> => utimes(name, clock.now() / 1000 - 11, clock.now() / 1000 - 11)

describe('a file of signals', () => {
  it('is taken away once its last line is complete, and stays where it was taken until it is removed', async () => {
    expect(await take()).toEqual([])
    await writeFile(file, 'one\ntw')
    expect(await take()).toEqual([])
    await appendFile(file, 'o\n')
    expect(await take()).toEqual(['one\ntwo\n'])
    await writeFile(file, 'three\n')
    expect(new Set(await take())).toEqual(new Set(['one\ntwo\n', 'three\n']))
    // Another process, after a crash.
    signals = createSignalFile(file, { clock, rng: seededRng(2) })
    const [first, second] = await signals.take(signal)
    expect(await signals.remove(first?.name ?? '', first?.content.length ?? 0)).toBe(true)
    expect(await signals.remove(second?.name ?? '', second?.content.length ?? 0)).toBe(true)
    expect(await readdir(folder)).toEqual([])
    expect(await signals.remove(first?.name ?? '', 0)).toBe(true)
  })

  it('is taken without a last line end once nobody has written for ten seconds', async () => {
    await writeFile(file, 'one')
    expect(await take()).toEqual([])
    await age(file)
    expect(await onlyOne()).toMatchObject({ isQuiet: true })
  })

  it('is not removed when a writer that had it open has written on', async () => {
    await writeFile(file, 'one\n')
    const { name, content, isQuiet } = await onlyOne()
    expect(isQuiet).toBe(false)
    await appendFile(path.join(folder, name), 'two\n')
    expect(await signals.remove(name, content.length)).toBe(false)
    expect(await take()).toEqual(['one\ntwo\n'])
  })

  it('leaves files of other names alone', async () => {
    await writeFile(path.join(folder, 'signals.jsonl.bak'), 'x\n')
    await writeFile(path.join(folder, 'other.1-2.taken'), 'x\n')
    expect(await take()).toEqual([])
  })

  it('is refused by name where it cannot be taken', async () => {
    await mkdir(file)
    await expect(signals.take(signal)).rejects.toMatchObject({
      code: 'SIGNAL_FILE',
      message: expect.stringContaining('not a regular file'),
    })
    const nowhere = createSignalFile(path.join(folder, 'nowhere', 'signals'), { clock, rng: seededRng(1) })
    await expect(nowhere.take(signal)).rejects.toMatchObject({ code: 'SIGNAL_FILE' })
  })
})
