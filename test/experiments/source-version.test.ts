import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import { readSourceVersion } from './source-version.ts'

it('tells apart what is in src/ and nothing else', async () => {
  await using folder = await temporaryFolder()
  const put = (name: string, text: string): void => {
    mkdirSync(path.dirname(path.join(folder.path, name)), { recursive: true })
    writeFileSync(path.join(folder.path, name), text)
  }
  const git = (...args: readonly string[]): void => {
    const author = ['-c', 'user.name=test', '-c', 'user.email=test@example.org', '-c', 'commit.gpgsign=false']
    execFileSync('git', [...author, ...args], { cwd: folder.path, stdio: 'pipe' })
  }
  expect(() => readSourceVersion(folder.path)).toThrow('git cannot tell')

  git('init', '--quiet')
  put('src/one.ts', 'one')
  git('add', '.')
  git('commit', '--quiet', '-m', 'first')
  const first = readSourceVersion(folder.path)
  expect(first.isDirty).toBe(false)

  put('README.md', 'words')
  git('add', '.')
  git('commit', '--quiet', '-m', 'second')
  put('test/new.ts', 'test')
  const second = readSourceVersion(folder.path)
  expect(second).toEqual({ ...first, commit: second.commit })
  expect(second.commit).not.toBe(first.commit)

  put('src/one.test.ts', 'a test beside it')
  git('add', '.')
  git('commit', '--quiet', '-m', 'a test')
  put('src/deeper/two.test.ts', 'another one')
  const tested = readSourceVersion(folder.path)
  expect(tested).toEqual({ ...first, commit: tested.commit })

  put('src/two.ts', 'two')
  expect(readSourceVersion(folder.path)).toEqual({ ...tested, source: `${first.source}+dirty`, isDirty: true })
  git('add', '.')
  git('commit', '--quiet', '-m', 'third')
  expect(readSourceVersion(folder.path).source).not.toBe(first.source)
})
