import { TailraceError } from '../../errors.ts'
import { connectorFile } from '../connect/connector-file.ts'
import { fileEntries } from '../file-entries.ts'
import type { MigrationSource } from './differences.ts'
import { hasReference } from './rewritten-entries.ts'

/** Trustpilot's connector names its applications itself. */
const trustpilotPrefix = 'datalake-KCL-'
const confluentProperty = 'dynamodb.cdc.checkpointing.table.prefix'
const confluentPrefix = 'connect-KCL-'

/**
 * What the names of a connector's lease tables begin with; the name of the table that is read follows. Throws USAGE for products
 * that keep no leases, and LEASES_UNUSABLE for a prefix that stands elsewhere.
 */
export function leaseTablePrefix(
  file: { readonly text: string; readonly path: string },
  from: MigrationSource,
): string {
  if (from === 'trustpilot') return trustpilotPrefix
  if (from !== 'confluent') throw new TailraceError('USAGE', `${from} keeps no leases that could be taken over`)
  const { entries, problems } = fileEntries(file)
  const given = connectorFile(entries, problems)?.entries.find(({ name }) => name === confluentProperty)
  if (given === undefined) return confluentPrefix
  if (hasReference(given))
    throw new TailraceError('LEASES_UNUSABLE', `${confluentProperty} is a reference: write what it stands for`)
  const prefix = String(given.value).trim()
  // Without a prefix each lease table would be the table that is read, and be scanned whole.
  return prefix === '' ? confluentPrefix : prefix
}
