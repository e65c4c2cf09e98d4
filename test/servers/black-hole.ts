import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'

/** An address of the loopback interface at which nobody answers: no acceptance and no refusal, as behind a firewall. */
export interface BlackHole extends AsyncDisposable {
  readonly port: number
}

const listener = `
const server = require('node:net').createServer()
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port))`

/** A stopped process accepts nothing; once its queue is full, the system drops whoever comes. Linux only. */
export async function openBlackHole(): Promise<BlackHole> {
  const child = spawn(process.execPath, ['-e', listener], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const port = Number(line.toString())
  child.kill('SIGSTOP')
  const queued = Array.from({ length: 8 }, () => connect({ host: '127.0.0.1', port }).on('error', () => undefined))
  await Promise.race(queued.map((socket) => once(socket, 'connect')))
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of queued) socket.destroy()
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}
