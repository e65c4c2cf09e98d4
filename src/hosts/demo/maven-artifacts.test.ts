import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { resolveMavenArtifacts } from './maven-artifacts.ts'

const artifacts = { title: 'A Thing 1.0', name: 'thing-1.0', coordinates: ['org.example:thing:1.0'] }

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tailrace-test-'))
  await mkdir(path.join(folder, 'bin'))
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

test('Maven runs once, its progress is told, and later calls do without it', async () => {
  await installMaven(`
    for argument; do case $argument in -DoutputDirectory=*) out=\${argument#*=} ;; esac; done
    cp pom.xml "$out/seen.xml"; echo run >> "$out/../../runs"
    echo "[INFO] Downloaded from somewhere: scheme://host/org/example/thing-1.0.jar (1 kB at 1 kB/s)"
    : > "$out/thing-1.0.jar"`)
  const progress: string[] = []
  const options = { cache: path.join(folder, 'cache'), onProgress: (line: string) => progress.push(line) }
  const [jars] = await Promise.all([
    resolveMavenArtifacts(artifacts, options),
    resolveMavenArtifacts(artifacts, options),
  ])
  expect((await readdir(jars)).toSorted()).toEqual(['seen.xml', 'thing-1.0.jar'])
  expect(await readFile(path.join(jars, 'seen.xml'), 'utf8')).toContain(
    '<artifactId>thing</artifactId><version>1.0</version>',
  )
  expect(progress).toContain('A Thing 1.0: 1 files, thing-1.0.jar')

  vi.stubEnv('PATH', folder)
  expect(await resolveMavenArtifacts(artifacts, options)).toBe(jars)
  expect(await readFile(path.join(folder, 'cache/runs'), 'utf8')).toBe('run\n')
})

test('a failing Maven is a named error with its last lines', async () => {
  await installMaven('echo "[INFO] Scanning"; echo "[ERROR] no such artifact" >&2; exit 1')
  await expect(resolveMavenArtifacts(artifacts, { cache: folder })).rejects.toMatchObject({
    code: 'LOCAL_SERVER',
    message: expect.stringMatching(/installing A Thing 1\.0: `mvn` ended with exit code 1[^]*no such artifact/),
  })
})

test('a missing Maven is a named error', async () => {
  vi.stubEnv('PATH', folder)
  await expect(resolveMavenArtifacts(artifacts, { cache: folder })).rejects.toMatchObject({
    code: 'LOCAL_SERVER',
    message: expect.stringContaining('`mvn` was not found on the PATH'),
  })
})

/** Puts a shell script in Maven's place. */
async function installMaven(script: string): Promise<void> {
  const file = path.join(folder, 'bin', 'mvn')
  await writeFile(file, `#!/bin/sh\n${script}\n`)
  await chmod(file, 0o755)
  vi.stubEnv('PATH', `${path.dirname(file)}:${process.env['PATH'] ?? ''}`)
}
