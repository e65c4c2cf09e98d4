import { symlink } from 'node:fs/promises'
import path from 'node:path'
import { cachedFolder } from '../../../src/hosts/demo/cached-folder.ts'
import { runTool } from '../../../src/hosts/demo/run-tool.ts'

const versions = { 'aws-cdk-lib': '2.276.0', 'aws-cdk': '2.1148.1', constructs: '10.8.1' }
const bin = path.join(import.meta.dirname, '..', '..', '..', 'node_modules', '.bin')
const types = path.join(import.meta.dirname, '..', '..', '..', 'node_modules', '@types')

/**
 * Compiles the app in `folder` against the CDK and lets the CDK's own tool make its template; returns that file. Rejects with
 * what either of them says. The CDK is installed once (215 MB).
 */
export async function synthesize(folder: string, context: Readonly<Record<string, string>>): Promise<string> {
  const installed = await install()
  await symlink(path.join(installed, 'node_modules'), path.join(folder, 'node_modules'))
  const flags = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2024']
  const options = { cwd: folder, env: environment() }
  await runTool(path.join(bin, 'tsc'), [...flags, '--types', 'node', '--typeRoots', types, 'app.ts'], {
    ...options,
    purpose: 'compiling the app',
  })
  const values = Object.entries(context).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const cdk = path.join(folder, 'node_modules', '.bin', 'cdk')
  await runTool(cdk, ['synth', '--quiet', '--no-lookups', '--no-notices', ...values], {
    ...options,
    purpose: 'synthesizing the app',
  })
  return path.join(folder, 'cdk.out', 'Tailrace.template.json')
}

/** The app runs on the Node.js of the tests, and nobody is told of it. */
function environment(): NodeJS.ProcessEnv {
  const PATH = `${path.dirname(process.execPath)}${path.delimiter}${process.env['PATH'] ?? ''}`
  return { ...process.env, PATH, CI: '1', CDK_DISABLE_CLI_TELEMETRY: 'true' }
}

function install(): Promise<string> {
  const report = (line: string): void => console.error(`test servers: ${line}`)
  return cachedFolder({
    name: path.join('npm', `aws-cdk-${Object.values(versions).join('-')}`),
    onWait: () => report('waiting for another process that is installing the CDK'),
    fill: async (empty) => {
      report('installing the AWS CDK with npm (once)')
      const flags = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund']
      const packages = Object.entries(versions).map(([name, version]) => `${name}@${version}`)
      await runTool('npm', ['install', '--prefix', empty, ...flags, ...packages], {
        purpose: 'installing the CDK',
        cwd: empty,
      })
    },
  })
}
