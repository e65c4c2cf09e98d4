/**
 * A program that runs the function in the folder given as first argument with an event that keeps it busy for ever, prints
 * the process id of its runtime once it runs, and then waits to be killed, or ends without stopping it when the second
 * argument is `exit`.
 */
import { systemClock } from '../../src/async/system-clock.ts'
import { createLambdaFunction } from './lambda-runtime/lambda-function.ts'

const [code = '', then] = process.argv.slice(2)
const lambda = await createLambdaFunction({ code, timeLimitSeconds: 600 })
await lambda.invoke({})
void lambda.invoke({ spin: true })
await systemClock.sleep(500)
process.stdout.write(`${lambda.sandboxes[0]?.runtimePid}\n`)
if (then === 'exit') process.exit(3)
