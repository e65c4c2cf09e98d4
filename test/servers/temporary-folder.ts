import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** A folder of its own for one test. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string
}

/** Makes a folder below the system's temporary one; disposing removes it with all that is in it. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tailrace-test-'))
  return {
    path: folder,
    // A server that was killed a moment ago may still be writing its last file: rm tries again.
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }),
  }
}
