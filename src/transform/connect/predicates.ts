import { headerName, needed } from './settings.ts'
import { predicateType } from './step-type.ts'
import { javaExpression } from './regex-router.ts'
import { topicOf } from './topic.ts'

/** True for records on their way to topics of which the whole name fits. */
export const topicNameMatches = predicateType({
  name: 'TopicNameMatches',
  documentation: 'The whole name of the topic fits a regular expression.',
  settings: { pattern: needed(javaExpression, 'The regular expression.') },
  create: ({ pattern }) => ({
    isTrue: (record, origin) => pattern.isMatch(topicOf(record, origin)),
    isTrueOfValues: (topic) => (topic === undefined ? undefined : pattern.isMatch(topic)),
  }),
})

/** True for records that have a header which a transform in front has added. */
export const hasHeaderKey = predicateType({
  name: 'HasHeaderKey',
  documentation: 'There is a header of this name, which a transform in front of it has added.',
  settings: { name: needed(headerName, "The header's name.") },
  create: ({ name }) => ({
    isTrue: ({ headers }) => headers.some(([header]) => header === name),
    isTrueOfValues: () => undefined,
  }),
})

/** True for records without a value. */
export const recordIsTombstone = predicateType({
  name: 'RecordIsTombstone',
  documentation: 'The record has no value.',
  settings: {},
  create: () => ({ isTrue: ({ value }) => value === null, isTrueOfValues: () => false }),
})
