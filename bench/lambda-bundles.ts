import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { findPackageJSON } from 'node:module'
import path from 'node:path'
import { build } from 'esbuild'

const root = path.join(import.meta.dirname, '..')

/** Puts what `tailrace lambda package` packs into a folder, with a runtime; gives the program to run. */
export async function packTailrace(folder: string): Promise<string> {
  const script: unknown = await import(path.join(root, 'scripts/build-function.mjs'))
  const { buildFunction } = script as {
    readonly buildFunction: (where: { readonly root: string; readonly folder: string }) => Promise<unknown>
  }
  await buildFunction({ root, folder })
  return withRuntime(folder)
}

/** The same for the function of tutorials: one file, as their authors' bundlers make it. */
export async function packTutorial(folder: string): Promise<string> {
  const source = path.join(root, 'test/servers/tutorial-function/tutorial-function.ts')
  await bundle(source, path.join(folder, 'index.mjs'))
  // The client's module reads this file from beside its folder.
  const utils = findPackageJSON('@platformatic/wasm-utils', import.meta.resolve('@platformatic/kafka')) ?? ''
  const dist = path.join(folder, '../dist')
  await mkdir(dist, { recursive: true })
  await copyFile(path.join(path.dirname(utils), 'dist/native.wasm'), path.join(dist, 'native.wasm'))
  return withRuntime(folder)
}

async function withRuntime(folder: string): Promise<string> {
  await bundle(path.join(root, 'bench/lambda-runtime.ts'), path.join(folder, 'runtime.mjs'))
  const program = path.join(folder, 'main.mjs')
  const lines = [
    "import { handler } from './index.mjs'",
    "import { serve } from './runtime.mjs'",
    'await serve(handler)',
  ]
  await writeFile(program, `${lines.join('\n')}\n`)
  return program
}

async function bundle(source: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // Packages in CommonJS ask for Node's own modules by `require`.
    banner: { js: "import{createRequire as $require}from'node:module';const require=$require(import.meta.url);" },
    logLevel: 'error',
  })
}
