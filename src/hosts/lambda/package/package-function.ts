import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Clock } from '../../../async/clock.ts'
import { TailraceError } from '../../../errors.ts'
import { openCode } from '../../stages/change-steps.ts'
import { entryFile, functionFiles, ownFolder } from './function-files.ts'
import type { PipelineFiles } from './pipeline-files.ts'
import { writeZip } from './write-zip.ts'

/** A function, ready for Lambda. Its handler is `index.handler`. */
export interface FunctionPackage {
  readonly zip: Uint8Array
  /** Bytes of the files in it. */
  readonly unzippedBytes: number
  /** As Lambda shows it (`CodeSha256`). */
  readonly sha256Base64: string
  readonly sha256: string
  /** Paths, in the order of the ZIP. */
  readonly names: readonly string[]
}

/** What Lambda takes by a direct upload, and what it unpacks; in bytes. */
const mostZipped = 50 * 1024 * 1024
const mostUnzipped = 250 * 1024 * 1024

/**
 * Puts a pipeline's files and the function's code together. Throws PACKAGE_FILE where they would meet, PACKAGE_TOO_LARGE for
 * what Lambda does not take, and TRANSFORM_UNUSABLE for code of the user's that lacks something in the package.
 */
export async function packageFunction(
  pipeline: PipelineFiles,
  clock: Clock,
  code: ReadonlyMap<string, Uint8Array> = functionFiles(),
): Promise<FunctionPackage> {
  for (const name of pipeline.files.keys()) refuseOwnName(name)
  await tryCode(pipeline, clock)
  const entry = Buffer.from(entryFile(pipeline.name), 'utf8')
  const files = new Map([...pipeline.files, ...code, ['index.mjs', entry] as const])
  const unzippedBytes = [...files.values()].reduce((sum, { length }) => sum + length, 0)
  refuseAbove(mostUnzipped, unzippedBytes, 'unpacked')
  const zip = writeZip(files)
  refuseAbove(mostZipped, zip.length, 'packed')
  const hash = createHash('sha256').update(zip).digest()
  return {
    zip,
    unzippedBytes,
    sha256: hash.toString('hex'),
    sha256Base64: hash.toString('base64'),
    names: [...files.keys()].toSorted(),
  }
}

function refuseOwnName(name: string): void {
  if (name !== 'index.mjs' && name.split('/')[0] !== ownFolder) return
  throw new TailraceError('PACKAGE_FILE', `${name} is the name of a file of the function's own`, {
    details: { file: name },
  })
}

function refuseAbove(limit: number, bytes: number, how: string): void {
  if (bytes <= limit) return
  throw new TailraceError('PACKAGE_TOO_LARGE', `the function has ${bytes} bytes ${how}; Lambda takes ${limit}`, {
    details: { bytes, limit },
  })
}

/** Loads the user's code from what will be in the package and nothing else, so that a file that is missing is missed here. */
async function tryCode({ config, files }: PipelineFiles, clock: Clock): Promise<void> {
  const { code } = config.changes
  if (code.files.length === 0) return
  const folder = await mkdtemp(path.join(tmpdir(), 'tailrace-package-'))
  try {
    for (const [name, content] of files) {
      const file = path.join(folder, name)
      await mkdir(path.dirname(file), { recursive: true })
      await writeFile(file, content)
    }
    const moved = code.files.map((file) => path.join(folder, path.posix.relative('/var/task', file)))
    const changes = { ...config.changes, code: { ...code, files: moved } }
    const loaded = await openCode({ ...config, changes }, { clock })
    await loaded?.[Symbol.asyncDispose]()
  } catch (error) {
    if (!(error instanceof TailraceError)) throw error
    const message = `of what is in the package, ${error.message.replaceAll(`${folder}/`, '')}; --include adds files`
    throw new TailraceError(error.code, message, { cause: error, details: error.details })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
