import { freePorts } from '../../src/hosts/demo/free-ports.ts'

/** A loopback port on which nothing listens at this moment, outside the range of outgoing connections. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1)
  if (port === undefined) throw new Error('no free port')
  return port
}
