import { expect, it } from 'vitest'
import { floorsOfQuarters, readProcessUse } from './process-use.ts'

it('tells what this process uses', async () => {
  const use = await readProcessUse(process.pid)
  expect(use?.residentMiB).toBeGreaterThan(10)
  expect(use?.handles).toBeGreaterThan(2)
})

it('knows nothing of a process that does not exist', async () => {
  expect(await readProcessUse(2 ** 30)).toBeUndefined()
})

it('takes the least of each quarter', () => {
  expect(floorsOfQuarters([5, 9, 7, 8, 3, 6, 4, 4])).toEqual([5, 7, 3, 4])
  expect(floorsOfQuarters([5, 9, 7, 1, 8, 3])).toEqual([5, 7, 1, 3])
})
