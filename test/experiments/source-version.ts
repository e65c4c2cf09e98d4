import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { RefusedStart } from './refused-start.ts'

/** What is being tested. */
export interface SourceVersion {
  /** Abbreviated. */
  readonly commit: string
  /**
   * A hash of `src/` as it is committed, without the tests beside the source, abbreviated; with `+dirty` when the work tree
   * differs.
   */
  readonly source: string
  readonly isDirty: boolean
}

/** Asks Git about the checkout at `root`; refuses when that is none. New files in `src/` count as a difference. */
export function readSourceVersion(root: string): SourceVersion {
  const commit = git(root, ['rev-parse', '--short=10', 'HEAD'])
  const listed = git(root, ['ls-tree', '-r', 'HEAD', '--', 'src']).split('\n')
  const product = listed.filter((line) => !line.endsWith('.test.ts')).join('\n')
  const source = createHash('sha256').update(product).digest('hex').slice(0, 10)
  const files = ['src', ':(exclude,glob)src/**/*.test.ts']
  const isDirty = git(root, ['status', '--porcelain', '--untracked-files=all', '--', ...files]) !== ''
  return { commit, source: isDirty ? `${source}+dirty` : source, isDirty }
}

function git(root: string, args: readonly string[]): string {
  try {
    return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
  } catch (error) {
    throw new RefusedStart(`git cannot tell which version of src/ this is: ${(error as Error).message}`, {
      cause: error,
    })
  }
}
