import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** The demo's temporary folder; nothing that the demo writes is elsewhere, except what it downloads into the cache. */
export interface DemoFolder extends AsyncDisposable {
  readonly path: string
  /** A server that writes here: if this process exits at once, it is killed before the folder is removed. */
  addServer(server: { readonly pid: number }): void
}

/**
 * Makes the folder. Disposing removes it, after the servers have been stopped by whoever started them; a sudden exit of
 * this process removes it too. Only a SIGKILL leaves it (the servers end even then).
 */
export async function createDemoFolder(): Promise<DemoFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tailrace-demo-'))
  const servers: { readonly pid: number }[] = []
  const onExit = (): void => {
    for (const { pid } of servers) killAtOnce(pid)
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  }
  process.once('exit', onExit)
  return {
    path: folder,
    addServer: (server) => void servers.push(server),
    [Symbol.asyncDispose]: async () => {
      process.off('exit', onExit)
      await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
    },
  }
}

function killAtOnce(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended already, which is what was wanted.
  }
}
