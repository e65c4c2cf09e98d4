import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { TailraceError } from '../../errors.ts'
import { systemClock } from '../../async/system-clock.ts'
import { freePorts } from './free-ports.ts'
import { spawnGuarded } from './guarded-process.ts'
import type { GuardedProcess } from './guarded-process.ts'
import { quote } from './run-tool.ts'

const startDeadlineMs = 60_000
const pollMs = 40
const stopGraceMs = 20_000
const portAttempts = 5

/** A server program and how to see that it serves. */
export interface ServerCommand {
  /** For people: "Apache Kafka". */
  readonly title: string
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  /** Besides those of this process. */
  readonly env?: Readonly<Record<string, string>>
  /** Gets the server's stdout and stderr, appended. */
  readonly logFile: string
  /** True when the server answers a real request, false while it does not; must not throw and must not hang. */
  readonly isReady: () => Promise<boolean>
  readonly signal?: AbortSignal
}

/**
 * Starts a server and waits until it answers. A server that ends or stays silent is a LOCAL_SERVER error with the end of
 * its log; whatever fails, no process is left.
 */
export async function startServer(server: ServerCommand): Promise<GuardedProcess> {
  server.signal?.throwIfAborted()
  const log = openSync(server.logFile, 'a')
  const env = { ...process.env, ...server.env }
  const child = await spawnGuarded(server.command, server.args, { cwd: server.cwd, output: log, env }).finally(() =>
    closeSync(log),
  )
  try {
    await untilReady(server, child)
    return child
  } catch (error) {
    child.kill('SIGKILL')
    await child.exited
    throw error
  }
}

/** Tells a server to stop and waits until its process has ended; kills it if it will not. */
export async function stopServer(child: GuardedProcess): Promise<void> {
  await child.stop(systemClock, stopGraceMs)
}

/** Runs `start` with free ports, and again with others when another process took one of them in the meantime. */
export async function withFreePorts<T>(count: number, start: (ports: readonly number[]) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start(await freePorts(count))
    } catch (error) {
      if (attempt >= portAttempts || !isPortTaken(error)) throw error
    }
  }
}

/** Java by JAVA_HOME, or from the PATH. */
export function javaCommand(): string {
  const home = process.env['JAVA_HOME']
  return home === undefined || home === '' ? 'java' : `${home}/bin/java`
}

async function untilReady(server: ServerCommand, child: GuardedProcess): Promise<void> {
  const deadline = systemClock.monotonic() + startDeadlineMs
  for (;;) {
    const isReady = await server.isReady()
    server.signal?.throwIfAborted()
    if (child.exit !== undefined) throw await endedEarly(server, child)
    if (isReady) return
    if (systemClock.monotonic() > deadline) throw await failure(server, `did not answer within ${startDeadlineMs} ms`)
    await systemClock.sleep(pollMs, server.signal)
  }
}

async function endedEarly(server: ServerCommand, child: GuardedProcess): Promise<TailraceError> {
  if (child.exit?.code === 127) return failure(server, `cannot start: \`${server.command}\` was not found on the PATH`)
  return failure(server, `ended while starting (${child.exit?.signal ?? `exit code ${child.exit?.code}`})`)
}

async function failure(server: ServerCommand, what: string): Promise<TailraceError> {
  const lines = (await readFile(server.logFile, 'utf8')).split('\n')
  const portTaken = lines.some((line) => /Address already in use|BindException|Failed to bind/i.test(line))
  return new TailraceError('LOCAL_SERVER', `${server.title} ${what}${quote(lines)}`, { details: { portTaken } })
}

function isPortTaken(error: unknown): boolean {
  return error instanceof TailraceError && error.details['portTaken'] === true
}
