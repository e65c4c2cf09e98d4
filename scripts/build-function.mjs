import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { build } from 'esbuild'

/** What the ready function is made of: the function, the thread of the user's code, and what that code may import. */
const entries = {
  function: 'src/hosts/lambda/zip-entry.ts',
  thread: 'src/transform/user-code/thread.ts',
  'define-transform': 'src/transform/user-code/define-transform.ts',
}

/**
 * Packs the Lambda function and every package that it needs into a few files that run on Node.js 22 and 24 of any processor: in
 * `folder`, `index.mjs` with the handler, and the rest below `tailrace/`, with the licences of what is in it. Resolves with the
 * bytes of each package in the function, for whoever wonders what is large.
 */
export async function buildFunction({ root, folder }) {
  const inner = path.join(folder, 'tailrace')
  mkdirSync(inner, { recursive: true })
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: entries,
    outdir: inner,
    bundle: true,
    // What is loaded late, such as the AWS SDK's providers, is not even read before.
    splitting: true,
    chunkNames: '[name]-[hash]',
    minify: true,
    // Names of classes and functions are in logs and stacks.
    keepNames: true,
    platform: 'node',
    target: 'node22.22',
    format: 'esm',
    // Packages in CommonJS ask for Node's own modules by `require`.
    banner: { js: "import{createRequire as $require}from'node:module';const require=$require(import.meta.url);" },
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
    plugins: [replacements(version), withoutEffects],
  })
  writeFileSync(path.join(folder, 'index.mjs'), "export { handler } from './tailrace/function.js'\n")
  writeFileSync(path.join(inner, 'package.json'), '{"type":"module"}\n')
  const packages = packagesOf(metafile)
  writeFileSync(path.join(inner, 'LICENSES.txt'), licencesOf(root, [...packages.keys()]))
  return packages
}

const ajvStandIn = `export class Ajv2020 {
  addKeyword() {}
  compile() { return () => { throw new Error('a function has no clients whose options could be checked') } }
}`

/** Packages whose modules only define things, though they do not say so: what is not used of them is left out. */
const withoutEffects = {
  name: 'without-effects',
  setup: ({ onResolve, resolve }) => {
    const mark = {}
    onResolve({ filter: /./ }, async ({ path: name, pluginData, ...rest }) => {
      if (pluginData === mark || !/@platformatic.kafka|^\./.test(name)) return undefined
      const { importer, resolveDir, kind, namespace } = rest
      const found = await resolve(name, { importer, resolveDir, kind, namespace, pluginData: mark })
      const isOne = found.errors.length === 0 && /node_modules.@platformatic.kafka./.test(found.path)
      return isOne ? { path: found.path, sideEffects: false } : undefined
    })
  },
}

/** Parts that a function never needs, or that look for files beside themselves, and what stands in their place. */
function replacements(version) {
  const contents = [
    [/[\\/]src[\\/]hosts[\\/]package-version\.ts$/, `export const packageVersion = () => ${JSON.stringify(version)}`],
    // A function's log is JSON; whoever asks for another form gets the same lines.
    [/[\\/]pino-pretty[\\/]index\.js$/, 'export const prettyFactory = () => (line) => line'],
    // Clients of schema registries that tailrace does not use, with three validators.
    [/[\\/]@platformatic[\\/]kafka[\\/]dist[\\/]registries[\\/]index\.js$/, 'export {}'],
    // Its clients, which check their options with it, are not in a function; compiling those checks would be half of a cold start.
    [/[\\/]ajv[\\/]dist[\\/]2020\.js$/, ajvStandIn],
    [/[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/, "export { default as en } from './en.js'"],
    // The same module with its WebAssembly inside.
    [/[\\/]@platformatic[\\/]wasm-utils[\\/]dist[\\/]index\.js$/, "export * from './bundled.js'"],
  ]
  return {
    name: 'replacements',
    setup: ({ onLoad, onEnd }) => {
      const missed = new Set(contents.map(([filter]) => filter))
      for (const [filter, text] of contents) {
        onLoad({ filter }, ({ path: file }) => {
          missed.delete(filter)
          return { contents: text, loader: 'js', resolveDir: path.dirname(file) }
        })
      }
      // A package that keeps its files elsewhere from one version to the next must not slip in unseen.
      onEnd(() => ({ errors: [...missed].map((filter) => ({ text: `nothing was replaced by ${filter}` })) }))
    },
  }
}

/** Bytes by package, largest first; tailrace's own are under `tailrace`. */
function packagesOf({ outputs }) {
  const bytes = new Map()
  for (const { inputs } of Object.values(outputs)) {
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? 'tailrace'
      bytes.set(name, (bytes.get(name) ?? 0) + bytesInOutput)
    }
  }
  return new Map([...bytes].toSorted((a, b) => b[1] - a[1]))
}

/** The licence of each package; texts that are the same stand there once. */
function licencesOf(root, packages) {
  const byText = new Map()
  for (const name of packages.toSorted()) {
    const folder = name === 'tailrace' ? root : path.join(root, 'node_modules', name)
    const text = licenceIn(folder)
    byText.set(text, [...(byText.get(text) ?? []), name])
  }
  return [...byText].map(([text, names]) => `${names.join(', ')}\n\n${text.trim()}\n`).join(`\n${'-'.repeat(80)}\n\n`)
}

function licenceIn(folder) {
  const file = readdirSync(folder).find((name) => /^licen[cs]e(\.|-|$)/i.test(name))
  if (file !== undefined) return readFileSync(path.join(folder, file), 'utf8')
  const manifest = path.join(folder, 'package.json')
  return existsSync(manifest) ? `Licence: ${JSON.parse(readFileSync(manifest, 'utf8')).license}` : ''
}
