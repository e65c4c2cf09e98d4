import { parseArgs } from 'node:util'
import { runSuite } from './paired-rounds.ts'
import { figuresOf } from './stream-report.ts'

/**
 * What taking an item from a table into Kafka costs: tailrace's snapshot against a bare loop over the segments of a
 * parallel scan, otherwise as the suite `stream`. Ends with one JSON line.
 *
 * Options: `--rounds 5`, `--items 200000`, `--segments 4` (also partitions), `--profile <folder>`.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    items: { type: 'string', default: '200000' },
    segments: { type: 'string', default: '4' },
    profile: { type: 'string' },
  },
})
const { segments } = values

await runSuite(
  {
    floor: { program: 'snapshot-floor', args: ['--segments', segments] },
    tailrace: { program: 'snapshot-tailrace', args: ['--segments', segments] },
    server: ['--records', '0', '--shards', '1', '--items', values.items, '--segments', segments],
    partitions: Number(segments),
    rounds: Number(values.rounds),
    profile: values.profile,
  },
  {
    onStart: ({ records, meanSizeBytes }) =>
      console.log(`${records} items of ${Math.round(meanSizeBytes)} bytes in ${segments} segments`),
    onRounds: (rounds) => console.log(JSON.stringify(figuresOf('snapshot', rounds))),
  },
)
