import { spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { cp, link, mkdir, readFile, readdir, rename, rm, stat, unlink, writeFile } from 'node:fs/promises'
import { basename, delimiter, join } from 'node:path'
import { cacheRoot } from '../../src/hosts/demo/cached-folder.ts'

/** A built Maven project: hand `classpath` to `java -cp`. */
export interface MavenBuild {
  readonly classpath: string
}

const mavenArguments = [
  '-q',
  '-B',
  '-Dstyle.color=never',
  'package',
  'dependency:copy-dependencies',
  '-DoutputDirectory=target/lib',
  '-DincludeScope=runtime',
]
const lockPollMs = 200
const maxOutputChars = 6000

/**
 * Builds the Maven project in `sourceDir` once and keeps the result in the product's cache folder, under a hash of the
 * sources; the source folder itself is never written to. A later call, in any process, finds the finished build and needs
 * no network. One build runs at a time on a machine: Maven's own repository does not take two writers. Rejects with the
 * end of Maven's output.
 */
export async function buildMavenProject(sourceDir: string): Promise<MavenBuild> {
  const root = join(cacheRoot(), 'maven')
  const built = join(root, `${basename(sourceDir)}-${await hashOfSources(sourceDir)}`)
  if (!(await exists(built))) {
    await mkdir(root, { recursive: true })
    await withLock(join(root, 'build.lock'), async () => {
      if (!(await exists(built))) await buildInto(built, sourceDir)
    })
  }
  return { classpath: [join(built, 'target', 'classes'), join(built, 'target', 'lib', '*')].join(delimiter) }
}

/** Builds beside the final folder and renames: a folder under the final name is a complete build, whatever crashed. */
async function buildInto(built: string, sourceDir: string): Promise<void> {
  const scratch = `${built}.building-${process.pid}`
  await rm(scratch, { recursive: true, force: true })
  try {
    await mkdir(scratch)
    for (const file of await sourceFiles(sourceDir)) {
      await cp(join(sourceDir, file), join(scratch, file), { recursive: true, mode: 0 })
    }
    await runMaven(scratch)
    await rename(scratch, built)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

function runMaven(directory: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const maven = spawn('mvn', mavenArguments, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-maxOutputChars)
    }
    maven.stdout.on('data', keep)
    maven.stderr.on('data', keep)
    maven.on('error', (cause) => reject(new Error('Maven (mvn) could not be started; is it on the PATH?', { cause })))
    maven.on('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`mvn ended with ${code} in ${directory}:\n${output}`))
    })
  })
}

async function hashOfSources(sourceDir: string): Promise<string> {
  const hash = createHash('sha256').update(mavenArguments.join(' '))
  for (const file of await sourceFiles(sourceDir)) {
    const content = await readFile(join(sourceDir, file))
    hash.update(`\n${file} ${content.length}\n`).update(content)
  }
  return hash.digest('hex').slice(0, 16)
}

/** Relative paths, sorted, without what an earlier build by hand may have left. */
async function sourceFiles(sourceDir: string): Promise<readonly string[]> {
  const entries = await readdir(sourceDir, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(sourceDir.length)
        .replace(/^[/\\]+/, ''),
    )
    .filter((file) => !/^target[/\\]/.test(file))
    .sort()
}

async function withLock(lock: string, work: () => Promise<void>): Promise<void> {
  const mine = `${lock}.${process.pid}.${randomUUID()}`
  await writeFile(mine, String(process.pid))
  try {
    // The lock is a second name of a complete file: nobody can see it without the owner's process id in it.
    while (!(await tryLink(mine, lock))) {
      await removeIfOwnerIsGone(lock)
      await new Promise((resolve) => setTimeout(resolve, lockPollMs))
    }
    try {
      await work()
    } finally {
      await unlink(lock)
    }
  } finally {
    await rm(mine, { force: true })
  }
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

async function removeIfOwnerIsGone(lock: string): Promise<void> {
  try {
    const owner = Number(await readFile(lock, 'utf8'))
    if (!isRunning(owner)) await unlink(lock)
  } catch (error) {
    // The owner released it (or another waiter removed it) in between.
    if (codeOf(error) !== 'ENOENT') throw error
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
