import { execFileSync } from 'node:child_process'
import { RefusedStart } from './refused-start.ts'

/** What is being tested. */
export interface SourceVersion {
  /** Abbreviated. */
  readonly commit: string
  /** Git's hash of `src/` as it is committed, abbreviated; with `+dirty` when the work tree differs. */
  readonly source: string
  readonly isDirty: boolean
}

/** Asks Git about the checkout at `root`; refuses when that is none. New files in `src/` count as a difference. */
export function readSourceVersion(root: string): SourceVersion {
  const commit = git(root, ['rev-parse', '--short=10', 'HEAD'])
  const tree = git(root, ['rev-parse', '--short=10', 'HEAD:src'])
  const isDirty = git(root, ['status', '--porcelain', '--untracked-files=all', '--', 'src']) !== ''
  return { commit, source: isDirty ? `${tree}+dirty` : tree, isDirty }
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
