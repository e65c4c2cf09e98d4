import type { Redactor } from '../../observe/redactor.ts'
import type { Finding } from '../preflight/finding.ts'
import { printable } from './render.ts'

/** The finding without secrets that slipped into its texts. */
export function redactedFinding(finding: Finding, redactor: Redactor): Finding {
  return { ...finding, detail: redactor.redact(finding.detail) }
}

/** Cause and remedy of each failure and each warning that has one, for people; empty if there is none. */
export function renderFailures(findings: readonly Finding[]): string {
  const paragraphs = findings
    .filter(({ status, remedy }) => status !== 'ok' && remedy !== undefined)
    .map(({ check, code, detail, cause, remedy }) => {
      const lines = [
        `${code === undefined ? '' : `[${code}] `}${check}: ${detail}`,
        ...(cause === undefined ? [] : [`  cause: ${cause}`]),
        `  remedy: ${remedy ?? ''}`,
      ]
      return `\n${printable(lines.join('\n'))}\n`
    })
  return paragraphs.join('')
}
