import { spawn } from 'node:child_process'
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { freePort } from '../servers/free-port.ts'
import { runJava } from '../servers/run-java.ts'
import type { JavaEnd, JavaRun } from '../servers/run-java.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'

const parentProgram = path.resolve(import.meta.dirname, '../servers/parent-of-java.ts')

test('a test process killed by SIGKILL takes its Java reader with it', async () => {
  await using folder = await temporaryFolder()
  const parent = spawn(process.execPath, [parentProgram, `127.0.0.1:${await freePort()}`], {
    cwd: folder.path,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const readers = (): readonly string[] =>
    javaProcesses().filter((pid) => isIn(folder.path, pid) && commandOf(pid).includes('judge.ReadTopic'))
  try {
    await expect.poll(readers, { timeout: 60_000 }).toHaveLength(1)

    parent.kill('SIGKILL')
    await expect.poll(readers, { timeout: 5000 }).toEqual([])
  } finally {
    parent.kill('SIGKILL')
  }
})

test('a Java program that runs for too long is killed, and the error has its complaints', async () => {
  const word = `marked-${process.pid}-${Date.now()}`
  const running = runProgram('System.err.println("still at work"); Thread.sleep(60_000);', {
    words: [word],
    longestRunMs: 5000,
  })
  await expect(running).rejects.toThrow(/did not end within 5000 ms:\nstill at work/)
  await expect.poll(() => javaProcesses().filter((pid) => commandOf(pid).includes(word)), { timeout: 5000 }).toEqual([])
})

test('a line that cannot be used ends the program and rejects with the reason', async () => {
  const reason = new Error('not expected')
  const onLine = (): void => {
    throw reason
  }
  const running = runProgram('System.out.println("a line"); Thread.sleep(60_000);', { onLine })
  await expect(running).rejects.toMatchObject({ cause: reason })
})

test('a million lines arrive whole and in order, complaints apart from them', async () => {
  let count = 0
  let wrong: string | undefined
  const end = await runProgram(
    `System.err.println("a complaint");
     var text = new StringBuilder();
     for (int line = 0; line < 1_000_000; line++) text.append("zeile-ü-").append(line).append('\\n');
     System.out.write(text.append("the last, without its end").toString().getBytes("UTF-8"));
     System.out.flush();
     System.exit(3);`,
    {
      onLine: (line) => {
        if (line !== (count === 1_000_000 ? 'the last, without its end' : `zeile-ü-${count}`)) wrong ??= line
        count += 1
      },
    },
  )
  expect({ count, wrong, ...end }).toEqual({
    count: 1_000_001,
    wrong: undefined,
    exitCode: 3,
    errors: 'a complaint\n',
  })
})

/** Runs these statements as a Java program. */
async function runProgram(statements: string, run: Partial<JavaRun>): Promise<JavaEnd> {
  await using folder = await temporaryFolder()
  const source = path.join(folder.path, 'Program.java')
  await writeFile(source, `class Program { public static void main(String[] a) throws Exception { ${statements} } }`)
  return await runJava({ classpath: folder.path, main: source, flags: [], words: [], onLine: () => undefined, ...run })
}

function javaProcesses(): readonly string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && commandOf(name).startsWith('java\0'))
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return '' // it ended while we looked
  }
}

function isIn(folder: string, pid: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === folder
  } catch {
    return false // it ended while we looked
  }
}
