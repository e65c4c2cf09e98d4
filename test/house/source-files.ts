import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { root } from './house-table.ts'

/** One file of src/ and what it imports. */
export interface SourceFile {
  /** Relative to src/, with forward slashes. */
  readonly file: string
  readonly text: string
  /** The text with comments blanked out and string contents kept. */
  readonly code: string
  /** Specifiers as written: static imports, re-exports, `import()` as expression and as type. */
  readonly specifiers: readonly string[]
  /** The relative ones among them, resolved, relative to src/. */
  readonly imports: readonly string[]
  readonly isTest: boolean
}

/** Every TypeScript file of src/. */
export function readSourceFiles(): readonly SourceFile[] {
  const src = path.join(root, 'src')
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll(path.sep, '/'))
    .filter((file) => file.endsWith('.ts'))
    .toSorted()
    .map((file) => {
      const text = readFileSync(path.join(src, file), 'utf8')
      const code = withoutComments(text)
      const specifiers = specifiersOf(code)
      return {
        file,
        text,
        code,
        specifiers,
        imports: specifiers
          .filter((specifier) => specifier.startsWith('.'))
          .map((specifier) => path.posix.join(path.posix.dirname(file), specifier)),
        isTest: file.endsWith('.test.ts'),
      }
    })
}

/** Specifiers of all forms of import in code without comments. */
export function specifiersOf(code: string): readonly string[] {
  const forms = [
    /^\s*(?:import|export)\b[^'"`;=]*?\bfrom\s*['"]([^'"]+)['"]/gm,
    /^\s*import\s*['"]([^'"]+)['"]/gm,
    /\bimport\s*\(\s*['"]([^'"]+)['"]/g,
  ]
  return forms.flatMap((form) => [...code.matchAll(form)].map(([, specifier = '']) => specifier))
}

/** Blanks comments out, leaving strings, templates and regular expressions as they are. */
export function withoutComments(text: string): string {
  const token =
    /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*|(?<=[=(,:[!&|?{};\n]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[dgimsuvy]*/g
  return text.replaceAll(token, (found) =>
    found.startsWith('//') || found.startsWith('/*') ? found.replaceAll(/[^\n]/g, ' ') : found,
  )
}
