import { expect, test } from 'vitest'
import { signalLines } from './signal-lines.ts'

const textsOf = (content: string, from: number, isWhole: boolean) =>
  signalLines(Buffer.from(content), from, isWhole).map(({ bytes, start, next }) => [
    Buffer.from(bytes).toString(),
    start,
    next,
  ])

test('only complete lines count, blank ones do not, and each says where the next one begins', () => {
  expect(textsOf('ab\n\r\n é\ncd', 0, false)).toEqual([
    ['ab', 0, 3],
    [' é', 5, 9],
  ])
  expect(textsOf('ab\n\r\n é\ncd', 3, true)).toEqual([
    [' é', 5, 9],
    ['cd', 9, 11],
  ])
  expect(textsOf('ab\n', 3, true)).toEqual([])
})
