import { parseArgs } from 'node:util'
import { runSuite } from './paired-rounds.ts'
import { figuresOf } from './stream-report.ts'

/**
 * What moving a change from DynamoDB Streams to Kafka costs: tailrace against a bare loop, on one backlog, one replay
 * server and one broker. Rounds alternate, each run is a process of its own, and what it has used is what counts: the
 * clock says more about the machine. Ends with one JSON line.
 *
 * Options: `--rounds 5`, `--records 200000`, `--shards 4` (also partitions), `--profile <folder>` (a CPU profile of
 * every run). A run that takes longer than two minutes ends the suite.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    records: { type: 'string', default: '200000' },
    shards: { type: 'string', default: '4' },
    profile: { type: 'string' },
  },
})

await runSuite(
  {
    floor: { program: 'stream-floor', args: [] },
    tailrace: { program: 'stream-tailrace', args: ['--partitions', values.shards] },
    server: ['--records', values.records, '--shards', values.shards],
    partitions: Number(values.shards),
    rounds: Number(values.rounds),
    profile: values.profile,
  },
  {
    onStart: ({ records, meanSizeBytes }) =>
      console.log(`${records} changes of ${Math.round(meanSizeBytes)} bytes in ${values.shards} shards`),
    onRounds: (rounds) => console.log(JSON.stringify(figuresOf('stream', rounds))),
  },
)
