#!/usr/bin/env node
// Plain, old JavaScript: this file must still parse on the Node.js versions that it refuses.
var parts = process.versions.node.split('.')
var major = Number(parts[0])
var minor = Number(parts[1])

if (major < 22 || (major === 22 && minor < 22)) {
  process.stderr.write(
    'tailrace: [RUNTIME_TOO_OLD] Node.js ' +
      process.versions.node +
      ' is older than 22.22. Install a newer Node.js, or run `npx -p node@24 -p tailrace tailrace ' +
      process.argv.slice(2, 3).join(' ') +
      ' …`.\n',
  )
  process.exitCode = 2
} else {
  void import('../dist/hosts/cli/main.js')
}
