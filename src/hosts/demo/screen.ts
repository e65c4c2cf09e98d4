import { styleText } from 'node:util'
import type { Writable } from 'node:stream'

/** How a text stands out where there is colour. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** One output stream as the demo draws on it. */
export interface Screen {
  readonly isTerminal: boolean
  readonly hasColor: boolean
  /** Characters in a line; 120 where nobody says. */
  readonly columns: number
  /** The text, coloured on a terminal unless NO_COLOR is set. */
  paint(style: Style, text: string): string
  /** Lines that stay, each without its line break. */
  print(lines: readonly string[]): void
  /** The line below all others, which is drawn over and over; on anything but a terminal nothing. */
  setFooter(line: string): void
}

const usualColumns = 120

/**
 * Draws with one write per call, so that a terminal never shows a half-drawn state. Text must be printable and, for the
 * footer, may be longer than a line: it is cut.
 */
export function createScreen(output: Writable, env: Readonly<Record<string, string | undefined>>): Screen {
  const isTerminal = 'isTTY' in output && output.isTTY === true
  const hasColor = isTerminal && (env['NO_COLOR'] ?? '') === ''
  let footer = ''
  const columns = (): number =>
    isTerminal && 'columns' in output && typeof output.columns === 'number' && output.columns > 0
      ? output.columns
      : usualColumns
  return {
    isTerminal,
    hasColor,
    get columns() {
      return columns()
    },
    paint: (style, text) => (hasColor ? styleText(style, text, { validateStream: false }) : text),
    print: (lines) => {
      if (lines.length === 0) return
      const text = lines.map((line) => `${line}\n`).join('')
      output.write(footer === '' ? text : `${eraseLine}${text}${footer}`)
    },
    setFooter: (line) => {
      if (!isTerminal || (line === '' && footer === '')) return
      footer = line === '' ? '' : cut(line, columns() - 1)
      output.write(`${eraseLine}${footer}`)
    },
  }
}

/** The text, or its beginning and `…`; counts characters that are one column wide. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}

const eraseLine = '\r\u001b[2K'
