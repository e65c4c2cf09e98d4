import path from 'node:path'
import { openCli } from '../../servers/cli-under-test.ts'

/** A ZIP as `tailrace lambda package` makes it; disposing removes it. */
export interface PackedFunction extends Disposable {
  readonly zip: string
}

/** Packs a pipeline with the code of `dist/lambda`, which must be built. */
export async function packFunction(pipelineText: string): Promise<PackedFunction> {
  const cli = openCli()
  try {
    const file = cli.file('pipeline.yaml', pipelineText)
    const { exitCode, stderr } = await cli.run('lambda', 'package', '--config', file, '--out', 'function.zip')
    if (exitCode !== 0) throw new Error(`the function was not packed: ${stderr}`)
    return { zip: path.join(cli.folder, 'function.zip'), [Symbol.dispose]: () => cli[Symbol.dispose]() }
  } catch (error) {
    cli[Symbol.dispose]()
    throw error
  }
}
