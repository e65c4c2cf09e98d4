import { connectMarkdown } from '../../config/connect/connect-markdown.ts'
import { referenceMarkdown } from '../../config/reference-markdown.ts'
import { serviceMarkdown } from '../../config/service/service-markdown.ts'
import { errorsMarkdown } from './errors-markdown.ts'
import { metricsMarkdown } from './metrics-markdown.ts'
import { transformsMarkdown } from './transforms-markdown.ts'

/** A part of a document that is made from declarations. */
export interface GeneratedPart {
  /** From the root of the repository. */
  readonly file: string
  /** The command that prints it, which also names the markers around it. */
  readonly command: string
  readonly render: () => string
}

/** Every generated part of docs/. */
export const generatedDocs: readonly GeneratedPart[] = [
  { file: 'docs/configuration.md', command: 'tailrace config docs', render: referenceMarkdown },
  { file: 'docs/transforms.md', command: 'tailrace config docs --transforms', render: transformsMarkdown },
  { file: 'docs/connect-files.md', command: 'tailrace config docs --connect', render: connectMarkdown },
  { file: 'docs/metrics.md', command: 'tailrace config docs --metrics', render: metricsMarkdown },
  { file: 'docs/serve.md', command: 'tailrace config docs --service', render: serviceMarkdown },
  { file: 'docs/errors.md', command: 'tailrace errors --markdown', render: errorsMarkdown },
]

/** The document with the part between its markers rendered anew. Throws if the markers are not there. */
export function withGeneratedPart(document: string, part: GeneratedPart): string {
  const begin = `<!-- begin: ${part.command} -->`
  const end = `<!-- end: ${part.command} -->`
  const from = document.indexOf(begin)
  const to = document.indexOf(end)
  if (from < 0 || to < from) throw new Error(`${part.file} lacks the markers of ${part.command}`)
  return `${document.slice(0, from + begin.length)}\n\n${part.render().trim()}\n\n${document.slice(to)}`
}
