import { startLocalKafka } from '../../src/hosts/demo/local-kafka.ts'
import { startLocalMoto } from '../servers/local-moto.ts'
import { startLocalRegistry } from '../servers/local-registry.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import type { JudgeServers } from './judge.ts'

/** Servers that belong to this run of judges; disposing stops those that were started. */
export interface OwnServers extends JudgeServers, AsyncDisposable {}

/** Starts nothing yet. */
export function ownServers(report: (line: string) => void): OwnServers {
  const stack = new AsyncDisposableStack()
  let kafka: Promise<string> | undefined
  let registry: Promise<string> | undefined
  let glue: Promise<string> | undefined
  return {
    kafka: () => (kafka ??= startKafka(stack, report)),
    registry: () => (registry ??= startLocalRegistry().then((server) => stack.use(server).url)),
    glue: () => (glue ??= startLocalMoto().then((server) => stack.use(server).endpoint)),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

async function startKafka(stack: AsyncDisposableStack, onProgress: (line: string) => void): Promise<string> {
  const folder = stack.use(await temporaryFolder())
  const server = stack.use(await startLocalKafka({ directory: folder.path, onProgress }))
  return server.bootstrapServers
}
