import { javaPattern, javaReplacement } from './java-pattern.ts'
import type { JavaPattern } from './java-pattern.ts'
import { anyText, needed, textKind } from './settings.ts'
import { stepType } from './step-type.ts'
import { sentTo, topicOf } from './topic.ts'

/** A regular expression that Java and JavaScript read alike. */
export const javaExpression = textKind<JavaPattern>(
  'a regular expression that Java and JavaScript read alike (no possessive quantifiers, no `\\Q`)',
  (text) => (text === '' ? undefined : javaPattern(text)),
)

/** Gives topics other names. */
export const regexRouter = stepType({
  name: 'RegexRouter',
  hasSides: false,
  documentation: 'Sends records to a topic whose name is made from the old one by a regular expression.',
  settings: {
    regex: needed(javaExpression, "Must match the whole of the topic's name."),
    replacement: needed(anyText, 'The new name, with `$1` or `${name}` for groups.'),
  },
  create({ regex, replacement: text }) {
    const replacement = javaReplacement(text, regex)
    if (replacement === undefined)
      return { setting: 'replacement', problem: 'names a group that regex does not have, or ends in the middle' }
    const topicFor = (topic: string): string => (regex.isMatch(topic) ? regex.replaceFirst(topic, replacement) : topic)
    return {
      apply: (record, origin) => sentTo(record, topicFor(topicOf(record, origin)), origin),
      shapes: (shapes) => shapes,
      topicFor,
    }
  },
})
