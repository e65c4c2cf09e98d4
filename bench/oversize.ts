import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { worstChanges } from '../test/oracle/large-items.ts'
import type { LargeItem } from '../test/oracle/large-items.ts'

/**
 * How much memory the nine worst changes take on their way, under each strategy, in a process of its own each: the peak
 * of the resident set above what the process held before, by the bytes of the change as the source sends it and by those of
 * its record. The heap is kept tight, so that the peak shows what is needed and not what V8 lets lie.
 */
const strategies = ['fail', 'drop-before', 'claim-check-s3', 'chunk'] as const
const run = promisify(execFile)
const child = path.join(import.meta.dirname, 'oversize-child.ts')
const flags = ['--max-semi-space-size=1', '--optimize-for-size']

function wireOf({ hasBefore, item, name }: LargeItem): string {
  const key = { pk: { S: name }, sk: { N: '1' } }
  const image = (serial: number): object => ({ ...item(serial), ...key })
  return JSON.stringify({
    awsRegion: 'us-east-1',
    dynamodb: {
      ApproximateCreationDateTime: 1_795_426_137,
      Keys: key,
      NewImage: image(1),
      ...(hasBefore ? { OldImage: image(2) } : {}),
      SequenceNumber: '100000000002572486000',
      SizeBytes: 400_000,
      StreamViewType: 'NEW_AND_OLD_IMAGES',
    },
    eventID: 'e862b143',
    eventName: hasBefore ? 'MODIFY' : 'INSERT',
    eventSource: 'aws:dynamodb',
    eventVersion: '1.1',
  })
}

const folder = await mkdtemp(path.join(tmpdir(), 'tailrace-oversize-'))
try {
  for (const change of worstChanges) {
    const wire = wireOf(change)
    const file = path.join(folder, 'wire.json')
    await writeFile(file, wire)
    for (const strategy of strategies) {
      const { stdout } = await run(process.execPath, [...flags, child, strategy, file])
      const found = JSON.parse(stdout) as { readonly peakBytes: number }
      const wireBytes = Buffer.byteLength(wire)
      const peakPerWire = Math.round((found.peakBytes / wireBytes) * 10) / 10
      console.log(
        JSON.stringify({ suite: 'oversize', change: change.name, strategy, wireBytes, peakPerWire, ...found }),
      )
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
