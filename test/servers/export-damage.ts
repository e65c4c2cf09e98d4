import { createHash } from 'node:crypto'
import type { ObjectLocation } from '../../src/objects/objects.ts'
import { putManifest } from './export-writer.ts'
import type { WrittenExport } from './export-writer.ts'
import type { MemoryObjectStore } from './memory-object-store.ts'

type Json = Record<string, unknown>

/** Changes the summary of a written export, and its checksum with it. */
export async function changeSummary(
  store: MemoryObjectStore,
  { manifest }: WrittenExport,
  change: (summary: Json) => Json,
): Promise<void> {
  const summary = JSON.parse(textAt(store, manifest)) as Json
  await putManifest(store.put, manifest, JSON.stringify(change(summary)))
}

/** Changes the text of the list of files, and its checksum with it. */
export async function changeFileList(
  store: MemoryObjectStore,
  { fileList }: WrittenExport,
  change: (text: string) => string,
): Promise<void> {
  await putManifest(store.put, fileList, change(textAt(store, fileList)))
}

/**
 * Puts other bytes in a data file's place and writes their MD5 into the manifest, as if DynamoDB had written such a file.
 * The number of lines that the manifest says stays, unless another one is given.
 */
export async function replaceFile(
  store: MemoryObjectStore,
  written: WrittenExport,
  file: { readonly index: number; readonly bytes: Uint8Array; readonly itemCount?: number },
): Promise<void> {
  const location = written.files[file.index]
  if (location === undefined) throw new Error(`there is no file ${file.index}`)
  await store.put(location, file.bytes)
  let difference = 0
  await changeFileList(store, written, (text) => {
    const entries = text.trimEnd().split('\n')
    const entry = JSON.parse(entries[file.index] ?? '') as Json
    const itemCount = file.itemCount ?? Number(entry['itemCount'])
    difference = itemCount - Number(entry['itemCount'])
    const md5Checksum = createHash('md5').update(file.bytes).digest('base64')
    entries[file.index] = JSON.stringify({ ...entry, itemCount, md5Checksum })
    return `${entries.join('\n')}\n`
  })
  await changeSummary(store, written, (summary) => ({
    ...summary,
    itemCount: Number(summary['itemCount']) + difference,
  }))
}

function textAt(store: MemoryObjectStore, location: ObjectLocation): string {
  const bytes = store.peek(location)
  if (bytes === undefined) throw new Error(`there is no ${location.key}`)
  return Buffer.from(bytes).toString('utf8')
}
