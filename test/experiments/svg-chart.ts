import type { Curve } from './downsample.ts'

/** A curve over the time of one run. */
export interface Chart {
  readonly title: string
  /** What the vertical axis counts, with its unit. */
  readonly unit: string
  readonly curve: Curve
}

const width = 720
const height = 260
const left = 64
const right = 16
const top = 36
const bottom = 44

/** Greys and a blue of middle brightness: readable on white and on black, because a page's theme does not reach an image. */
const ink = '#7d8590'
const grid = '#7d859040'
const line = '#3b82f6'

/** The chart as a picture of its own; equal input gives equal text. */
export function svgChart({ title, unit, curve }: Chart): string {
  const xTicks = ticksUpTo(Math.max(0, ...curve.map(([seconds]) => seconds)))
  const yTicks = ticksUpTo(Math.max(0, ...curve.map(([, value]) => value)))
  const x = scale(xTicks, left, width - right)
  const y = scale(yTicks, height - bottom, top)
  const points = curve.map(([seconds, value]) => `${x(seconds)},${y(value)}`).join(' ')
  const vertical = yTicks.map(
    (value) =>
      `<line x1="${left}" y1="${y(value)}" x2="${width - right}" y2="${y(value)}" stroke="${grid}"/>` +
      `<text x="${left - 8}" y="${y(value) + 4}" text-anchor="end">${tickLabel(value)}</text>`,
  )
  const horizontal = xTicks.map(
    (seconds) =>
      `<text x="${x(seconds)}" y="${height - bottom + 18}" text-anchor="middle">${tickLabel(seconds)}</text>`,
  )
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">`,
    `<g fill="${ink}" font-family="system-ui, sans-serif" font-size="12">`,
    `<text x="${left}" y="18" font-size="14">${escaped(title)}</text>`,
    `<text x="${(left + width - right) / 2}" y="${height - 8}" text-anchor="middle">seconds since the start</text>`,
    `<text transform="translate(14 ${(top + height - bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(unit)}</text>`,
    ...vertical,
    ...horizontal,
    '</g>',
    `<polyline points="${points}" fill="none" stroke="${line}" stroke-width="1.5" stroke-linejoin="round"/>`,
    '</svg>',
  ].join('\n')}\n`
}

/** Round numbers from zero to at least `greatest`, in three to six steps; zero alone gets an axis up to one. */
export function ticksUpTo(greatest: number): readonly number[] {
  const end = greatest > 0 ? greatest : 1
  const rough = end / 5
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((step) => step >= rough - power / 1e6) ?? rough
  const count = Math.ceil(end / step - 1e-6)
  return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)))
}

function scale(ticks: readonly number[], from: number, to: number): (value: number) => number {
  const greatest = ticks.at(-1) ?? 1
  return (value) => Math.round((from + (value / greatest) * (to - from)) * 10) / 10
}

/** `1500000` as `1.5M`. */
function tickLabel(value: number): string {
  if (value >= 1_000_000) return `${value / 1_000_000}M`
  return value >= 10_000 ? `${value / 1_000}k` : String(value)
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
