import { z } from 'zod'
import { isAlias } from '../property-family.ts'
import { defaulted } from '../property.ts'
import type { ValueKind } from '../property.ts'

/** True for the path of a file of the user's own; anything else in `transforms` is an alias. */
export function isCodePath(entry: string): boolean {
  return /^\.{0,2}\/.{1,4000}$/.test(entry)
}

/** Code sees changes, in front of the envelope; Connect's transforms see records, behind it. */
const steps: ValueKind<readonly string[]> = {
  type: 'list',
  schema: z
    .array(z.string().refine((entry) => isCodePath(entry) || isAlias(entry)))
    .max(100)
    .refine((list) => new Set(list).size === list.length)
    .refine((list) => list.findLastIndex(isCodePath) < list.filter(isCodePath).length),
  rule: 'a list of paths that begin with `./`, `../` or `/`, and behind them aliases of letters, digits, `-` and `_`, none twice',
}

/** What changes and records go through on their way. Kafka Connect's names. */
export const transformProperties = {
  transforms: defaulted(steps, [], {
    importance: 'medium',
    isShared: true,
    isOrdered: true,
    documentation:
      "What changes and records go through, in this order. First paths (`./mask.ts`, from the folder of the pipeline file) of TypeScript or JavaScript whose default exports are called with each change (see [filters and code](filters-and-code.md)); then Kafka Connect's single message transforms (see [transforms](transforms.md)) by aliases of your own: `transforms: [unwrap]` with `transforms.unwrap.type: io.debezium.transforms.ExtractNewRecordState`. Further properties of each stand below `transforms.<alias>`.",
  }),
  predicates: defaulted(aliases('predicates'), [], {
    importance: 'low',
    isShared: true,
    documentation:
      'Conditions for transforms, by aliases: `predicates: [gone]` with `predicates.gone.type: RecordIsTombstone`. A transform names the one that it depends on in `transforms.<alias>.predicate`.',
  }),
}

function aliases(what: string): ValueKind<readonly string[]> {
  const schema = z
    .array(z.string().refine(isAlias))
    .max(100)
    .refine((list) => new Set(list).size === list.length)
  return {
    type: 'list',
    schema,
    rule: `a list of ${what}, each an alias of letters, digits, \`-\` and \`_\`, none twice`,
  }
}
