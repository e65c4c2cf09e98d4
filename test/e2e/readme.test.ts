import { execFile } from 'node:child_process'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { temporaryFolder } from '../servers/temporary-folder.ts'

const run = promisify(execFile)
const root = path.join(import.meta.dirname, '..', '..')
const bin = path.join(root, 'bin', 'tailrace.js')

/** Fenced blocks of a language, in order. */
function blocks(markdown: string, language: string): readonly string[] {
  return [...markdown.matchAll(/```(\w*)\n([\s\S]*?)```/g)]
    .filter(([, found]) => found === language)
    .map(([, , text]) => text ?? '')
}

describe('the README', () => {
  it('shows a pipeline that is accepted as it stands', async () => {
    await using folder = await temporaryFolder()
    const [pipeline = ''] = blocks(await readFile(path.join(root, 'README.md'), 'utf8'), 'yaml')
    const lines = pipeline.trim().split('\n')
    expect(lines.length).toBeLessThanOrEqual(10)
    await writeFile(path.join(folder.path, 'shop.yaml'), pipeline)
    const env = { ...process.env, KAFKA_USERNAME: 'somebody', KAFKA_PASSWORD: 'not-a-real-one' }
    const { stdout } = await run(process.execPath, [bin, 'check', 'shop.yaml', '--offline', '--json'], {
      cwd: folder.path,
      env,
    })
    expect(JSON.parse(stdout)).toBeDefined()
  })

  it('names two commands that do what it says', async () => {
    const [commands = ''] = blocks(await readFile(path.join(root, 'README.md'), 'utf8'), '')
    expect(commands).toContain('npm start')
    expect(commands).toContain('npm test')
    const { stdout } = await run('npm', ['start', '--silent', '--', '--for', '5s', '--json'], {
      cwd: root,
      timeout: 110_000,
    })
    const summary = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, number>
    expect(summary).toMatchObject({ lost: 0, duplicated: 0, reordered: 0 })
    expect(summary['written']).toBeGreaterThan(100)
  })

  it('names only commands that exist', async () => {
    const { stdout } = await run(process.execPath, [bin, '--help'])
    for (const command of ['init', 'check', 'run', 'status', 'shards', 'tail', 'offsets', 'delete', 'demo']) {
      expect(stdout, command).toMatch(new RegExp(`^\\s+${command}\\b`, 'm'))
    }
  })

  it('and the other documents link only to files that are there, and show only YAML that parses', async () => {
    const docs = (await readdir(path.join(root, 'docs')))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`)
    for (const name of ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', ...docs]) {
      const text = await readFile(path.join(root, name), 'utf8')
      for (const [, target = ''] of text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
        await expect(
          readFile(path.join(root, path.dirname(name), target)),
          `${name} → ${target}`,
        ).resolves.toBeDefined()
      }
      for (const yaml of blocks(text, 'yaml')) expect(() => parse(yaml) as unknown, name).not.toThrow()
    }
  })
})
