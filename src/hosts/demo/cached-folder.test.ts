import { mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../async/system-clock.ts'
import { cachedFolder, cacheRoot } from './cached-folder.ts'

let root = ''

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'tailrace-test-'))
})

afterEach(async () => {
  await rm(root, { recursive: true })
})

const fill = (folder: string): Promise<void> => writeFile(path.join(folder, 'file'), 'content')
const never = (): Promise<void> => Promise.reject(new Error('must not be called'))

test('callers at the same time fill it once and all get it', async () => {
  let fills = 0
  let waits = 0
  const one = (): Promise<string> =>
    cachedFolder({
      root,
      name: 'a/b-1',
      fill: async (folder) => {
        fills += 1
        await systemClock.sleep(50)
        await fill(folder)
      },
      onWait: () => (waits += 1),
    })
  const folders = await Promise.all([one(), one(), one()])
  expect(new Set(folders)).toEqual(new Set([path.join(root, 'a/b-1')]))
  expect(fills).toBe(1)
  expect(waits).toBe(2)
  expect(await readdir(path.join(root, 'a'))).toEqual(['b-1'])
  expect(await cachedFolder({ root, name: 'a/b-1', fill: never })).toBe(path.join(root, 'a/b-1'))
})

test('a failed attempt leaves nothing and the next one fills it', async () => {
  const failing = async (folder: string): Promise<void> => {
    await fill(folder)
    throw new Error('cut off')
  }
  await expect(cachedFolder({ root, name: 'b', fill: failing })).rejects.toThrow('cut off')
  expect(await readdir(root)).toEqual([])
  await cachedFolder({ root, name: 'b', fill })
  expect(await readFile(path.join(root, 'b', 'file'), 'utf8')).toBe('content')
})

test.each([
  ['a dead process', `${hostname()} 4194305\n`, 0],
  ['a process of another machine that has been silent for long', 'elsewhere 1\n', 60_000],
  ['a process that died before it wrote its name', '', 60_000],
])('the lock of %s does not hold anyone up', async (_, content, ageMs) => {
  const lock = path.join(root, 'c.lock')
  await writeFile(lock, content)
  const touchedAt = new Date(systemClock.now() - ageMs)
  await utimes(lock, touchedAt, touchedAt)
  await cachedFolder({ root, name: 'c', fill })
  expect(await readdir(root)).toEqual(['c'])
})

test('the lock of a live process is waited for, until the signal ends it', async () => {
  await writeFile(path.join(root, 'd.lock'), `${hostname()} ${process.pid}\n`)
  const waiting = new AbortController()
  const reason = new Error('enough')
  const attempt = cachedFolder({
    root,
    name: 'd',
    fill: never,
    onWait: () => waiting.abort(reason),
    signal: waiting.signal,
  })
  await expect(attempt).rejects.toBe(reason)
})

test('what a killed process left long ago is removed', async () => {
  const abandoned = path.join(root, 'e.partial-1-1')
  await mkdir(abandoned)
  const old = new Date(systemClock.now() - 7_200_000)
  await utimes(abandoned, old, old)
  await mkdir(path.join(root, 'e.partial-2-2'))
  await cachedFolder({ root, name: 'e', fill })
  expect(await readdir(root)).toEqual(['e', 'e.partial-2-2'])
})

test('the root follows TAILRACE_CACHE, then the user’s cache folder', () => {
  expect(cacheRoot({ TAILRACE_CACHE: '/somewhere', XDG_CACHE_HOME: '/users' })).toBe('/somewhere')
  expect(cacheRoot({ XDG_CACHE_HOME: '/users' })).toBe('/users/tailrace')
  expect(cacheRoot({})).toMatch(/\.cache\/tailrace$/)
})
