/**
 * A program that starts both servers in the folder given as first argument, prints their process ids as a JSON line, and
 * then waits to be killed, or ends without stopping them when the second argument is `exit`.
 */
import { startLocalDynamoDb } from '../../src/hosts/demo/local-dynamodb.ts'
import { startLocalKafka } from '../../src/hosts/demo/local-kafka.ts'

const [directory = '', then] = process.argv.slice(2)
const [kafka, dynamodb] = await Promise.all([startLocalKafka({ directory }), startLocalDynamoDb({ directory })])
process.stdout.write(`${JSON.stringify({ kafka: kafka.pid, dynamodb: dynamodb.pid })}\n`)
if (then === 'exit') process.exit(3)
