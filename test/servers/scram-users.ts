import { pbkdf2Sync, randomBytes } from 'node:crypto'
import { alterUserScramCredentialsV0, Connection, ScramMechanisms } from '@platformatic/kafka'
import { parseBroker } from '../../src/kafka/kafka-connection.ts'

const iterations = 4096
const digestBytes = 64

/**
 * Gives a SCRAM-SHA-512 user another password, by way of a listener that lets everybody in. Connections that are open
 * stay so until they have to authenticate again.
 */
export async function setScramPassword(
  server: string,
  { name, password }: { readonly name: string; readonly password: string },
): Promise<void> {
  const { host, port } = parseBroker(server)
  const connection = new Connection('operator', { connectTimeout: 5_000, requestTimeout: 5_000 })
  const salt = randomBytes(20)
  const saltedPassword = pbkdf2Sync(password, salt, iterations, digestBytes, 'sha512')
  const mechanism = ScramMechanisms.SCRAM_SHA_512
  try {
    await connection.connect(host, port)
    await alterUserScramCredentialsV0.api.async(connection, [], [{ name, mechanism, iterations, salt, saltedPassword }])
  } finally {
    await connection.close()
  }
}
