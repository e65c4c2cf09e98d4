import { dateFormat, formatDate } from './date-format.ts'
import type { DatePart } from './date-format.ts'
import { anyText, defaulted, textKind } from './settings.ts'
import type { Setting } from './settings.ts'
import { stepType } from './step-type.ts'
import { sentTo, topicOf } from './topic.ts'

/** A pattern that `date-format.ts` reads. */
export const datePattern = textKind<readonly DatePart[]>(
  "a pattern of Java's SimpleDateFormat with the letters `y`, `M`, `d`, `H`, `m`, `s`, `S`, `X`, `Z` and quoted texts",
  (text) => (text === '' ? undefined : dateFormat(text)),
)

const timestampFormat: Setting<readonly DatePart[], readonly DatePart[]> = {
  kind: datePattern,
  otherwise: dateFormat('yyyyMMdd') ?? [],
  documentation: 'How the time is written, in UTC: `yyyyMMdd` if it is not given.',
}

/** Sends records to a topic that has the time of their change in its name. */
export const timestampRouter = stepType({
  name: 'TimestampRouter',
  hasSides: false,
  documentation: 'Sends records to a topic that has the time of their change in its name.',
  settings: {
    'topic.format': defaulted(anyText, '${topic}-${timestamp}', 'The new name, with `${topic}` and `${timestamp}`.'),
    'timestamp.format': timestampFormat,
  },
  create: ({ 'topic.format': format, 'timestamp.format': pattern }) => ({
    apply(record, origin) {
      const topic = topicOf(record, origin)
      const time = formatDate(pattern, origin.timestampMs)
      const name = format.replaceAll('${topic}', () => topic).replaceAll('${timestamp}', () => time)
      return sentTo(record, name, origin)
    },
    shapes: (shapes) => shapes,
    topicFor: () => undefined,
  }),
})
