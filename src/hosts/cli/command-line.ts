import type { Command } from 'commander'
import { registerAccess } from './commands/access.ts'
import { registerCheck } from './commands/check.ts'
import { registerConfig } from './commands/config.ts'
import { registerDelete } from './commands/delete.ts'
import { registerDemo } from './commands/demo.ts'
import { registerDlq } from './commands/dlq.ts'
import { registerErrors } from './commands/errors.ts'
import { registerInit } from './commands/init.ts'
import { registerLambda } from './commands/lambda.ts'
import { registerMigrate } from './commands/migrate.ts'
import { registerOffsets } from './commands/offsets.ts'
import { registerRun } from './commands/run.ts'
import { registerSchema } from './commands/schema.ts'
import { registerServe } from './commands/serve.ts'
import { registerShards } from './commands/shards.ts'
import { registerSnapshot } from './commands/snapshot.ts'
import { registerStatus } from './commands/status.ts'
import { registerSwitch } from './commands/switch.ts'
import { registerTables } from './commands/tables.ts'
import { registerTail } from './commands/tail.ts'
import { registerTopics } from './commands/topics.ts'
import { registerTransform } from './commands/transform.ts'
import type { CommandHost } from './command-host.ts'

/** Adds one command to the program. Its file in commands/ is named after the command. */
type Register = (program: Command, host: CommandHost) => void

/** Every command, in the order of the help text. A new command is one file and one line here. */
export const commands: readonly Register[] = [
  registerDemo,
  registerInit,
  registerMigrate,
  registerCheck,
  registerRun,
  registerServe,
  registerAccess,
  registerStatus,
  registerShards,
  registerTail,
  registerTables,
  registerSnapshot,
  registerSchema,
  registerOffsets,
  registerSwitch,
  registerTopics,
  registerDlq,
  registerDelete,
  registerTransform,
  registerLambda,
  registerConfig,
  registerErrors,
]
