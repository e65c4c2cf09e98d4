/**
 * A program that starts the tests' Java reader against the address given as first argument, and waits for it. Where
 * nobody answers at that address, Java goes on trying for a minute.
 */
import { createJavaReader } from './java-reader.ts'

const [bootstrapServers = ''] = process.argv.slice(2)
const reader = await createJavaReader(bootstrapServers)
await reader.readAll('no-such-topic')
