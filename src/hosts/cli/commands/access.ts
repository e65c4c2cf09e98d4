import { createHash, randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'
import { Argument } from 'commander'
import type { Command } from 'commander'
import { TailraceError } from '../../../errors.ts'
import { parseAccessList } from '../../server/access/access-list.ts'
import { hashPassword } from '../../server/access/password-hash.ts'
import { roles } from '../../server/access/principal.ts'
import { succeeded } from '../command-context.ts'
import type { CommandContext } from '../command-context.ts'
import { writeResult } from '../command-host.ts'
import type { CommandHost } from '../command-host.ts'

/** `tailrace access user|token <role> <name>`: a line for `rest.access.file`, which holds no secret, and the secret for it. */
export function registerAccess(program: Command, { context, action }: CommandHost): void {
  program
    .command('access')
    .description('make a line for the list of those who may use a service (rest.access.file)')
    .addArgument(new Argument('<kind>', 'how they show who they are').choices(['user', 'token']))
    .addArgument(new Argument('<role>', 'what they may do').choices(roles))
    .argument('<name>', 'who it is, for the audit log')
    .option('--stdin', 'take the password or token from the first line of standard input instead of making one')
    .action(
      action(async (command) => {
        const [kind = '', role = '', name = ''] = command.args
        const isGiven = command.opts<{ readonly stdin?: boolean }>().stdin === true
        const secret = isGiven ? await firstLine(context) : randomBytes(24).toString('base64url')
        const hash = kind === 'user' ? await hashPassword(secret) : `sha256:${sha256(secret)}`
        const entry = `${kind} ${role} ${name} ${hash}`
        requireReadable(entry, name)
        if (!isGiven) context.stderr.write(`${kind === 'user' ? 'password' : 'token'}: ${secret}\n`)
        writeResult(context, command, { json: { entry, ...(isGiven ? {} : { secret }) }, text: entry })
        return succeeded
      }),
    )
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function requireReadable(entry: string, name: string): void {
  if (name.trim() === name && parseAccessList(entry, 'the entry').certificates.length === 0) return
  throw new TailraceError('USAGE', 'the name must have no blanks at its ends')
}

async function firstLine({ stdin, signal }: CommandContext): Promise<string> {
  const lines = createInterface({ input: stdin, terminal: false, signal })
  for await (const line of lines) {
    lines.close()
    if (line !== '') return line
  }
  throw new TailraceError('USAGE', 'standard input gave no password or token')
}
