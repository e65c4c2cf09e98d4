/**
 * A program that starts a local Kinesis in the folder given as first argument, prints its process id, and then waits to be
 * killed, or ends without stopping it when the second argument is `exit`.
 */
import { startLocalKinesis } from '../../src/hosts/demo/local-kinesis.ts'

const [directory = '', then] = process.argv.slice(2)
const { pid } = await startLocalKinesis({ directory })
process.stdout.write(`${pid}\n`)
if (then === 'exit') process.exit(3)
