import type { SignalFile } from '../../../src/pipeline/signals/signal-ports.ts'

/** The file of signals of a machine on which all simulated workers run: it outlives each of them. */
export interface SignalDisk extends SignalFile {
  /** Writes a line, as somebody with an editor. */
  append(line: string): void
  /** Every line that was ever taken, under the name that its place gives it. */
  readonly taken: readonly { readonly place: string; readonly line: string }[]
  /** True if nothing was left. */
  readonly isEmpty: boolean
}

/** An empty file. */
export function createSignalDisk(): SignalDisk {
  const files = new Map<string, Buffer>()
  const taken: { readonly place: string; readonly line: string }[] = []
  let present = ''
  let serial = 0
  return {
    append: (line) => {
      present += `${line}\n`
    },
    taken,
    get isEmpty() {
      return present === '' && files.size === 0
    },
    take: () => {
      if (present !== '') {
        const name = `signals.${++serial}.taken`
        let start = 0
        for (const line of present.split('\n').slice(0, -1)) {
          taken.push({ place: `${name}@${start}`, line })
          start += Buffer.byteLength(line) + 1
        }
        files.set(name, Buffer.from(present))
        present = ''
      }
      return Promise.resolve([...files].map(([name, content]) => ({ name, content, isQuiet: false })))
    },
    remove: (name) => {
      files.delete(name)
      return Promise.resolve(true)
    },
  }
}
