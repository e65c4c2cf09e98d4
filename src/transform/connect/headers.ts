import { anyText, headerName, headerNames, needed } from './settings.ts'
import { stepType } from './step-type.ts'

/** Adds a header to every record, tombstones too. */
export const insertHeader = stepType({
  name: 'InsertHeader',
  hasSides: false,
  documentation: 'Adds a header.',
  settings: {
    header: needed(headerName, "The header's name."),
    'value.literal': needed(anyText, 'Its content, written as it stands here.'),
  },
  create: ({ header, 'value.literal': content }) => ({
    apply: (record) => ({ ...record, headers: [...record.headers, [header, content]] }),
    shapes: (shapes) => shapes,
  }),
})

/** Takes headers away that other transforms have added. */
export const dropHeaders = stepType({
  name: 'DropHeaders',
  hasSides: false,
  documentation: 'Takes away headers that transforms in front of it have added.',
  settings: { headers: needed(headerNames, 'Names of headers.') },
  create({ headers }) {
    const dropped = new Set(headers)
    return {
      apply: (record) => ({ ...record, headers: record.headers.filter(([name]) => !dropped.has(name)) }),
      shapes: (shapes) => shapes,
    }
  },
})
