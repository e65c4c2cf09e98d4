/** The text without what a terminal would obey: control characters other than line breaks and tabs become `?`. */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '?')
}

/** One column of a table. */
export interface Column {
  readonly title: string
  /** Numbers stand to the right. */
  readonly isNumeric?: boolean
}

/** Rows under their titles, columns aligned, two blanks between them. A cell is one line of plain text. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = [columns.map(({ title }) => title), ...rows].map((row) =>
    columns.map((_, at) => printable(row[at] ?? '').replaceAll(/[\n\t]/g, ' ')),
  )
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => row[at]?.length ?? 0)))
  const lines = cells.map((row) =>
    row
      .map((cell, at) =>
        columns[at]?.isNumeric === true ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
  return `${lines.join('\n')}\n`
}

/** Names and values, one pair a line, the values aligned. */
export function renderPairs(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `${printable(name).padEnd(width)}  ${printable(value)}\n`).join('')
}

/** The line under a list that shows some of the skipped tables; none if it shows all. */
export function moreSkippedLine(more: number): readonly string[] {
  return more === 0 ? [] : [`and ${more} more that are skipped\n`]
}
