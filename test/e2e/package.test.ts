import { execFile } from 'node:child_process'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../servers/temporary-folder.ts'

const run = promisify(execFile)
const root = path.join(import.meta.dirname, '..', '..')

describe('the packed package', () => {
  it('installs into an empty folder, runs, and can be imported', async () => {
    await using folder = await temporaryFolder()
    const env = {
      ...process.env,
      npm_config_audit: 'false',
      npm_config_fund: 'false',
      npm_config_prefer_offline: 'true',
    }
    await run('npm', ['pack', '--pack-destination', folder.path], { cwd: root, env })
    const tarball = (await readdir(folder.path)).find((name) => name.endsWith('.tgz')) ?? ''
    await writeFile(path.join(folder.path, 'package.json'), '{"name":"empty","version":"1.0.0","type":"module"}')
    await run('npm', ['install', `./${tarball}`], { cwd: folder.path, env })

    const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as { version: string }
    const bin = path.join(folder.path, 'node_modules', '.bin', 'tailrace')
    expect((await run(bin, ['--version'], { cwd: folder.path })).stdout.trim()).toBe(version)
    const script = `
      import { TailraceError, errorCatalogue } from 'tailrace'
      import { createManualClock } from 'tailrace/testing'
      import { createRecordReader } from 'tailrace/reader'
      import { ExactNumber } from 'tailrace/transform'
      const clock = createManualClock()
      const reader = createRecordReader({ getObject: () => Promise.reject(new Error('none')) })
      const { value } = await reader.take({ value: Buffer.from('whole') })
      const number = String(new ExactNumber('1.50'))
      console.log(typeof TailraceError, errorCatalogue.STREAM_GAP.policy, clock.monotonic(), String(value), number)`
    await writeFile(path.join(folder.path, 'use.js'), script)
    expect((await run(process.execPath, ['use.js'], { cwd: folder.path })).stdout.trim()).toBe(
      'function stop-table 0 whole 1.50',
    )

    const demo = await run(bin, ['demo', '--for', '4s', '--json'], { cwd: folder.path, timeout: 110_000 })
    const summary = JSON.parse(demo.stdout.trim().split('\n').at(-1) ?? '') as Record<string, number>
    expect(summary).toMatchObject({ lost: 0, duplicated: 0, reordered: 0 })
    expect(summary['delivered']).toBeGreaterThan(100)
  })
})
