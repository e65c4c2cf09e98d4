import { readConverters } from './converters.ts'
import type { ConnectTranslator } from './translator.ts'

/** tailrace itself: a pipeline's own properties in the form of a connector's configuration. */
export const ownConnector: ConnectTranslator = {
  title: 'a pipeline',
  classes: ['tailrace.TailraceSourceConnector', 'TailraceSourceConnector', 'TailraceSource'],
  rules: {},
  finish: readConverters,
}
