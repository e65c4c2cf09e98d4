import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { createScreen } from './screen.ts'
import { createLiveView, sample } from './live-view.ts'
import { renderStatus } from './status-line.ts'
import { systemClock } from '../../async/system-clock.ts'

/** What was written, one entry per write. */
function output(isTTY: boolean): { readonly stream: Writable; readonly writes: string[] } {
  const writes: string[] = []
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      writes.push(chunk.toString())
      done()
    },
  })
  return { stream: Object.assign(stream, { isTTY, columns: 20 }), writes }
}

test('without a terminal there is neither colour nor a footer', () => {
  const { stream, writes } = output(false)
  const screen = createScreen(stream, {})
  screen.setFooter('footer')
  screen.print([screen.paint('red', 'line')])
  expect(writes).toEqual(['line\n'])
})

test('on a terminal lines go above the footer, in one write', () => {
  const { stream, writes } = output(true)
  const screen = createScreen(stream, {})
  screen.setFooter('a footer that is longer than the terminal')
  screen.print(['one', 'two'])
  screen.setFooter('')
  const footer = 'a footer that is l…'
  expect(writes).toEqual([`\r\u001b[2K${footer}`, `\r\u001b[2Kone\ntwo\n${footer}`, '\r\u001b[2K'])
})

test('NO_COLOR takes the colour away', () => {
  const { stream } = output(true)
  expect(createScreen(stream, { NO_COLOR: '1' }).paint('red', 'x')).toBe('x')
  expect(createScreen(stream, { NO_COLOR: '' }).paint('red', 'x')).toBe('\u001b[31mx\u001b[39m')
})

test('a sample holds the rare ones and keeps the order', () => {
  const values = Array.from({ length: 100 }, (_, at) => at)
  expect(sample(values.slice(0, 4), 4, () => false)).toEqual([0, 1, 2, 3])
  expect(sample(values, 4, () => false)).toEqual([0, 25, 50, 75])
  const chosen = sample(values, 4, (value) => value === 77)
  expect(chosen).toHaveLength(4)
  expect(chosen).toContain(77)
  expect(chosen).toEqual(chosen.toSorted((a, b) => a - b))
})

test('the view says how many changes it did not show', async () => {
  const { stream, writes } = output(false)
  const stop = new AbortController()
  const view = createLiveView({
    screen: createScreen(stream, {}),
    clock: systemClock,
    topic: 't',
    hasChanges: true,
    isRare: () => false,
    latencyOf: () => 12,
    numbers: () => ({ written: 10, delivered: 10, transactions: 1, headroomMs: undefined }),
  })
  const images = { before: null, after: null, beforeImage: null, afterImage: {} }
  for (let offset = 0n; offset < 10n; offset++)
    view.land({ operation: 'INSERT', key: 'k', rank: 2, isRow: false, partition: 3, offset, ...images })
  const running = view.run(stop.signal)
  stop.abort()
  await running
  const lines = writes.join('').split('\n')
  expect(lines.filter((line) => line.startsWith('INSERT'))).toHaveLength(4)
  expect(lines[0]).toMatch(/^INSERT {2}k .* t-3@0 .* 12 ms$/)
  expect(lines.at(-2)?.trim()).toBe('and 6 more in this second')
})

test('the status line tells rates, lag, headroom and transactions', () => {
  const last = { written: 100, delivered: 90, transactions: 4, headroomMs: undefined, atMs: 61_000 }
  const now = { written: 1_300, delivered: 1_240, transactions: 9, headroomMs: 86_340_000, atMs: 62_000 }
  expect(renderStatus({ last, now, startedMs: 0 })).toBe(
    '01:02  written 1,200/s  delivered 1,150/s  lag    60  headroom 23h59m   5.0 tx/s',
  )
})
