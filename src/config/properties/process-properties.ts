import { z } from 'zod'
import { isListenAddress } from '../listen-address.ts'
import { choice, defaulted, integer, text, trueOrFalse } from '../property.ts'

/** What one process does, whatever its neighbours do. */
export const processProperties = {
  'memory.max.bytes': defaulted(integer(1_048_576, 17_179_869_184), 67_108_864, {
    importance: 'medium',
    documentation:
      'Bytes of changes that may be read and not yet committed, in all lanes of a process together (64 MiB). Scans of snapshots take up to a quarter of it.',
  }),
  'poll.idle.max.ms': defaulted(integer(50, 60_000), 1000, {
    importance: 'low',
    documentation:
      'The longest wait between two reads of a shard that gives nothing. Full pages are read without a wait.',
  }),
  'http.listen': defaulted(
    text('`off`, a port, or `host:port`', z.string().refine(isListenAddress)),
    '127.0.0.1:9404',
    {
      importance: 'medium',
      documentation:
        'Where `/metrics`, `/livez` and `/readyz` are served; `off` serves nothing. Port 0 takes any free one.',
    },
  ),
  'http.allow.remote': defaulted(trueOrFalse, false, {
    importance: 'medium',
    documentation: 'Allow an `http.listen` that other machines can reach. The pages ask nobody for a password.',
  }),
  'metrics.per.shard': defaulted(trueOrFalse, false, {
    importance: 'low',
    documentation:
      'Also show `tailrace_shard_iterator_age_seconds` at `/metrics`, one series for each shard. Shards come and go every few hours.',
  }),
  'log.level': defaulted(choice(['trace', 'debug', 'info', 'warn', 'error', 'silent']), 'info', {
    importance: 'low',
    documentation: 'The least severe lines that are written.',
  }),
  'log.format': defaulted(choice(['auto', 'json', 'pretty']), 'auto', {
    importance: 'low',
    documentation: '`json` is one object a line, `pretty` is for eyes; `auto` is `pretty` on a terminal.',
  }),
}
