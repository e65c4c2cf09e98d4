import type { Rng } from '../../src/async/rng.ts'
import { TailraceError } from '../../src/errors.ts'
import type { ObjectLocation, ObjectStore } from '../../src/objects/objects.ts'
import { putManifest } from '../servers/export-writer.ts'
import { createMemoryObjectStore } from '../servers/memory-object-store.ts'
import type { MemoryObjectStore } from '../servers/memory-object-store.ts'

/** What can be wrong with the objects of an export. */
export const objectFaultKinds = [
  /** Data files with lines are not there. */
  'missing-file',
  'missing-manifest',
  'missing-file-list',
  /** Data files with lines end early, or one of their bits is another. */
  'truncated-file',
  'flipped-bit',
  /** Now and then, a connection breaks in the middle of any object. */
  'broken-body',
  /** The list of files leaves out one that has lines, or tells one twice; its checksum agrees with that. */
  'partial-list',
  'repeated-file',
  /** The list ends in the middle of a line, under the checksum of the whole. */
  'cut-list',
  /** The summary says that it begins, or that the whole table was, a minute earlier or later. */
  'overlap',
  'hole',
  /** The summary is of a table that was there before this one. */
  'earlier-table',
] as const

/** One of them. */
export type ObjectFaultKind = (typeof objectFaultKinds)[number]

/** A fault of the objects of some exports. */
export interface ObjectFault {
  readonly kind: ObjectFaultKind
  /** Asked at each read of an object: whether it is of such an export, which has not healed yet. */
  readonly isOn: (key: string) => boolean
}

/** A store in front of another one, whose objects are damaged while a fault is on. */
export interface FaultyObjectStore extends ObjectStore {
  /** How often each fault was met. */
  readonly struck: ReadonlyMap<ObjectFaultKind, number>
}

/** Reads of `objects`, as the faults have them. What heals is as it was: its bytes, and its etag. */
export function createFaultyObjects(
  objects: MemoryObjectStore,
  faults: readonly ObjectFault[],
  rng: Rng,
): FaultyObjectStore {
  const struck = new Map<ObjectFaultKind, number>()
  const note = (kind: ObjectFaultKind): void => void struck.set(kind, (struck.get(kind) ?? 0) + 1)
  return {
    struck,
    get: async (location, options, signal) => {
      for (const { kind, isOn } of faults) {
        if (!isOn(location.key)) continue
        if (kind === 'broken-body') {
          breakSometimes(objects, location, rng, () => note(kind))
          continue
        }
        const damaged = await damages[kind](objects, location)
        if (damaged === undefined) continue
        note(kind)
        if (damaged === 'missing') throw new TailraceError('OBJECT_MISSING', `there is no ${location.key}`)
        return damaged.get(location, options, signal)
      }
      return objects.get(location, options, signal)
    },
  }
}

/** What is found in an object's place; undefined: the fault does not touch it. */
type Damage = (
  objects: MemoryObjectStore,
  location: ObjectLocation,
) => Promise<MemoryObjectStore | 'missing' | undefined>

const damages: Readonly<Record<Exclude<ObjectFaultKind, 'broken-body'>, Damage>> = {
  'missing-file': async (objects, location) => (isVictim(objects, location) ? 'missing' : undefined),
  'missing-manifest': async (_, { key }) => (isSummary(key) ? 'missing' : undefined),
  'missing-file-list': async (_, { key }) => (isFileList(key) ? 'missing' : undefined),
  'truncated-file': (objects, location) =>
    inPlaceOfVictim(objects, location, (bytes) => bytes.subarray(0, Math.floor(bytes.length / 2))),
  'flipped-bit': (objects, location) =>
    inPlaceOfVictim(objects, location, (bytes) => {
      const flipped = Uint8Array.from(bytes)
      const middle = Math.floor(flipped.length / 2)
      flipped[middle] = (flipped[middle] ?? 0) ^ 1
      return flipped
    }),
  'partial-list': rewriteFileList((lines) => {
    const left = lines.findIndex((line) => !line.startsWith('{"itemCount":0,'))
    return lines.filter((_, index) => index !== left)
  }),
  'repeated-file': rewriteFileList((lines) => [...lines, ...lines.slice(0, 1)]),
  'cut-list': async (objects, location) => {
    if (!isFileList(location.key)) return undefined
    const bytes = bytesAt(objects, location)
    return holding(location, bytes.subarray(0, Math.max(0, bytes.length - 10)))
  },
  overlap: rewriteSummary(movedBegin(-60_000)),
  hole: rewriteSummary(movedBegin(60_000)),
  'earlier-table': rewriteSummary((summary) => ({ ...summary, tableId: '00000000-0000-4000-8000-0000000000ff' })),
}

type Summary = Readonly<Record<string, unknown>>

function movedBegin(ms: number): (summary: Summary) => Summary {
  return (summary) => {
    const name = 'exportFromTime' in summary ? 'exportFromTime' : 'exportTime'
    return { ...summary, [name]: new Date(Date.parse(String(summary[name])) + ms).toISOString() }
  }
}

/** Also what the checksum beside it says. */
function rewriteSummary(change: (summary: Summary) => Summary): Damage {
  return rewriteManifest('manifest-summary', (text) => JSON.stringify(change(JSON.parse(text) as Summary)))
}

function rewriteFileList(change: (lines: readonly string[]) => readonly string[]): Damage {
  return rewriteManifest('manifest-files', (text) =>
    change(text.trimEnd().split('\n'))
      .map((line) => `${line}\n`)
      .join(''),
  )
}

function rewriteManifest(name: string, change: (text: string) => string): Damage {
  return async (objects, location) => {
    const { bucket, key } = location
    const found = new RegExp(`^(.*/${name})\\.(?:json|md5)$`).exec(key)
    if (found === null) return undefined
    const manifest = { bucket, key: `${found[1]}.json` }
    const changed = createMemoryObjectStore()
    await putManifest(changed.put, manifest, change(Buffer.from(bytesAt(objects, manifest)).toString('utf8')))
    return changed
  }
}

async function inPlaceOfVictim(
  objects: MemoryObjectStore,
  location: ObjectLocation,
  change: (bytes: Uint8Array) => Uint8Array,
): Promise<MemoryObjectStore | undefined> {
  return isVictim(objects, location) ? holding(location, change(bytesAt(objects, location))) : undefined
}

async function holding(location: ObjectLocation, bytes: Uint8Array): Promise<MemoryObjectStore> {
  const store = createMemoryObjectStore()
  await store.put(location, bytes)
  return store
}

/** One read in three breaks. */
function breakSometimes(objects: MemoryObjectStore, location: ObjectLocation, rng: Rng, note: () => void): void {
  const bytes = objects.peek(location)
  if (bytes === undefined || rng.next() > 1 / 3) return
  note()
  objects.breakAfter(location, Math.floor(rng.next() * bytes.length))
}

/** A data file that holds more than a gzip of nothing. */
function isVictim(objects: MemoryObjectStore, location: ObjectLocation): boolean {
  return location.key.includes('/data/') && (objects.peek(location)?.length ?? 0) > emptyGzipBytes
}

const emptyGzipBytes = 20

function isSummary(key: string): boolean {
  return key.endsWith('/manifest-summary.json')
}

function isFileList(key: string): boolean {
  return key.endsWith('/manifest-files.json')
}

function bytesAt(objects: MemoryObjectStore, location: ObjectLocation): Uint8Array {
  const bytes = objects.peek(location)
  if (bytes === undefined) throw new Error(`there is no ${location.key}`)
  return bytes
}
