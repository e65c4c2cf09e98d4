import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

/**
 * Makes node_modules what package-lock.json says, if it is not; resolves with an exit code.
 *
 * npm's own record of what it installed (node_modules/.package-lock.json, written last) is the stamp. `npm install`
 * rather than `npm ci`: both take the locked versions and check their integrity, but `npm ci` refuses a lock file that
 * lacks binaries of other platforms, as npm writes it where a registry does not have them (npm/cli issue 4828).
 */
export async function installIfChanged({ root, node24, run, report }) {
  const isComplete = existsSync(node24) && isInstalled(root)
  if (isComplete) return 0
  report('installing npm packages as locked (about 450 MB with a Node.js 24, once) …')
  const startedAt = performance.now()
  const code = await run(['npm', 'install', '--no-save', '--no-audit', '--no-fund', '--include=dev'])
  if (code !== 0) {
    report(`npm install failed with exit code ${code}. Is the registry reachable?`)
    return code
  }
  // A user's `ignore-scripts` leaves the `node` package without its binary.
  const rebuilt = existsSync(node24) ? 0 : await run(['npm', 'rebuild', 'node', '--ignore-scripts=false'])
  if (rebuilt !== 0 || !existsSync(node24)) {
    report('npm did not install node_modules/node/bin/node; its install script must be allowed to run')
    return rebuilt || 1
  }
  report(`npm packages installed (${((performance.now() - startedAt) / 1000).toFixed(0)} s)`)
  return 0
}

/** True when every package that the lock file requires on any platform is there in its locked version. */
function isInstalled(root) {
  const record = path.join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(record)) return false
  const installed = packagesOf(record)
  return Object.entries(packagesOf(path.join(root, 'package-lock.json'))).every(
    ([name, locked]) =>
      name === '' || locked.optional === true || locked.link === true || isSame(installed[name], locked),
  )
}

function isSame(installed, locked) {
  return installed !== undefined && installed.version === locked.version && installed.integrity === locked.integrity
}

function packagesOf(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages ?? {}
}
