import type { ConnectInput } from './translator.ts'

/** As `pipeline` takes it. */
const greatestLength = 61

/**
 * Names the pipeline after the connector, or after its file. A pipeline's name has small letters and few signs, so other
 * letters become small and other signs dashes, which is noted: two connectors must not become one pipeline unnoticed.
 */
export function setPipelineName(connector: ConnectInput, fileName: string): void {
  if (connector.isGiven('pipeline')) return
  const given = connector.text('name')
  if (given === undefined && connector.isGiven('name')) return
  const text = given ?? fileName.replace(/\.[^.]*$/, '')
  const name = pipelineName(text)
  if (name === undefined) {
    const problem = `gives no name for a pipeline (1 to ${greatestLength} letters, digits, dots, dashes or underscores); set pipeline`
    connector.problem('name', given === undefined ? `is missing, and the file's name ${problem}` : problem)
    return
  }
  if (name !== text && given !== undefined) connector.note(`the pipeline is called ${name}, after the connector's name`)
  if (given === undefined) connector.note(`the pipeline is called ${name}, after its file: the connector has no name`)
  connector.set('pipeline', name, given === undefined ? undefined : 'name')
}

function pipelineName(text: string): string | undefined {
  const name = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+|-+$/g, '')
  return name === '' || name.length > greatestLength ? undefined : name
}
