import { z } from 'zod'
import { parseListener } from './listener.ts'
import {
  choice,
  defaulted,
  derived,
  integer,
  list,
  optional,
  pattern,
  required,
  secretText,
  text,
  trueOrFalse,
} from '../property.ts'
import type { Property, ValueKind, ValueOf } from '../property.ts'
import { replicationFactor, topicName } from '../properties/topic-properties.ts'

const file: ValueKind<string> = text('the path of a file', z.string().min(1).max(4096))
const hostName: ValueKind<string> = pattern('a host name or an address', /^[A-Za-z0-9._:-]{1,253}$/)

/** The service itself, under the names of Kafka Connect's distributed workers. Besides these there are those of its Kafka clients. */
const connectProperties = {
  'group.id': required(pattern('1 to 180 letters, digits, dots, dashes or underscores', /^[a-zA-Z0-9._-]{1,180}$/), {
    importance: 'high',
    documentation:
      'The name of the service. Processes with the same name (on the same cluster) form one service. The consumer group behind it is `tailrace.service.<group.id>`, so a cluster of Connect of the same name is not disturbed.',
  }),
  'config.storage.topic': derived(topicName, '`tailrace.service.<group.id>.config`', {
    importance: 'medium',
    documentation:
      'The compacted topic of one partition that holds the connectors. It is made if it does not exist. The topic of a cluster of Connect is refused (`SERVICE_LOG_FOREIGN`).',
    from: ({ text: given }) => `tailrace.service.${given('group.id') ?? 'unnamed'}.config`,
  }),
  'config.storage.replication.factor': defaulted(replicationFactor, -1, {
    importance: 'medium',
    documentation: "Replicas of that topic when it is made; `-1` is the broker's default.",
  }),
  'status.storage.topic': derived(topicName, '`tailrace.service.<group.id>.status`', {
    importance: 'medium',
    documentation:
      'The compacted topic in which processes tell each other what they run. It can be deleted at any time.',
    from: ({ text: given }) => `tailrace.service.${given('group.id') ?? 'unnamed'}.status`,
  }),
  'status.storage.replication.factor': defaulted(replicationFactor, -1, {
    importance: 'medium',
    documentation: "Replicas of that topic when it is made; `-1` is the broker's default.",
  }),
  listeners: defaulted(
    list(
      'a list of `http://host:port` or `https://host:port`',
      z.string().refine((one) => parseListener(one) !== undefined),
      1,
    ),
    ['http://127.0.0.1:8083'],
    {
      importance: 'high',
      documentation:
        'Where the REST API is served. Without a host it is 127.0.0.1; `0.0.0.0` is every address of the machine. An address that other machines can reach needs `rest.access.file` (`LISTEN_UNPROTECTED`).',
    },
  ),
  'rest.advertised.listener': optional(choice(['http', 'https']), {
    importance: 'low',
    documentation: 'Which listener other processes use, if there are several; default: the first one.',
  }),
  'rest.advertised.host.name': optional(hostName, {
    importance: 'medium',
    documentation:
      'The host under which other processes reach this one. Default: the host of the listener. Set it wherever the service has several machines: a loopback address, the default, is that of whoever asks, and `0.0.0.0` becomes the name of the machine.',
  }),
  'rest.advertised.port': optional(integer(1, 65_535), {
    importance: 'low',
    documentation: 'The port under which other processes reach this one; default: that of the listener.',
  }),
  'listeners.https.ssl.keystore.location': optional(file, {
    importance: 'medium',
    documentation: 'PEM file that holds the private key and the certificate chain of `https` listeners.',
  }),
  'listeners.https.ssl.truststore.location': optional(file, {
    importance: 'low',
    documentation:
      'PEM file of the authorities whose client certificates are taken, and whose certificates the other processes of the service have.',
  }),
  'listeners.https.ssl.keystore.type': defaulted(choice(['PEM']), 'PEM', {
    importance: 'low',
    documentation: 'Java keystores are not read.',
  }),
  'listeners.https.ssl.truststore.type': defaulted(choice(['PEM']), 'PEM', {
    importance: 'low',
    documentation: 'Java keystores are not read.',
  }),
  'listeners.https.ssl.client.auth': defaulted(choice(['none', 'requested', 'required']), 'none', {
    importance: 'low',
    documentation:
      'Whether clients may show certificates. Who may do what is decided by `rest.access.file`, so `required` is as `requested`.',
  }),
  'topic.creation.enable': defaulted(trueOrFalse, true, {
    importance: 'low',
    documentation: 'Whether connectors may create topics where they do not say it themselves (`topic.create`).',
  }),
  'connector.client.config.override.policy': defaulted(choice(['None', 'Principal', 'All']), 'None', {
    importance: 'medium',
    documentation:
      "What connectors may say of Kafka's clients (`kafka.*`, `producer.override.*`): nothing, who they are (`security.protocol`, `sasl.mechanism`, `sasl.jaas.config`), or everything, another cluster too.",
  }),
}

/** What Connect has no word for. */
const ownProperties = {
  'rest.access.file': optional(file, {
    importance: 'high',
    documentation:
      'Who may use the service: users, tokens and certificates with their roles, one a line. Without it everybody who reaches a loopback address is admin.',
  }),
  'rest.forward.secret': optional(secretText('32 to 4,096 characters', z.string().min(32).max(4096)), {
    importance: 'medium',
    documentation:
      'With it processes sign the requests that they hand on, so that the one that leads knows who is behind them. Needed with `rest.access.file`, and the same in all processes.',
  }),
  'rest.allowed.hosts': defaulted(list('a list of host names', z.string().regex(/^[A-Za-z0-9._-]{1,253}$/), 0), [], {
    importance: 'low',
    documentation:
      'Names under which clients call the service, besides its addresses, `localhost` and the advertised one.',
  }),
  'rest.allowed.origins': defaulted(
    list('a list of origins such as `https://console.example.com`', z.string().regex(/^https?:\/\/[^/\s*]{1,260}$/), 0),
    [],
    {
      importance: 'low',
      documentation: 'Other origins whose pages may call the service.',
    },
  ),
  'secrets.allow': defaulted(
    list(
      'a list of `env:<NAME>` (with `*` and `?` as wildcards) and `file:</absolute/path>`',
      z.string().regex(/^(env:[A-Za-z0-9_*?]{1,128}|file:\/[^\0]{0,4000})$/),
      0,
    ),
    ['env:TAILRACE_*', 'env:KAFKA_*', 'env:SR_*'],
    { importance: 'medium', documentation: 'What references in this file may read.' },
  ),
  'connector.secrets.allow': defaulted(
    list(
      'a list of `env:<NAME>`, `secretsmanager:<name or ARN>`, `ssm:<name or ARN>` (with `*` and `?` as wildcards) and `file:</absolute/path>`',
      z.string().regex(/^(env:[A-Za-z0-9_*?]{1,128}|file:\/[^\0]{0,4000}|(secretsmanager|ssm):[\w/+=.@:*?-]{1,2048})$/),
      0,
    ),
    [],
    {
      importance: 'high',
      documentation:
        'What references in the configurations of connectors may read. A connector cannot widen it: `secrets.allow` in a connector is refused.',
    },
  ),
  'connector.files.allow': defaulted(
    list('a list of absolute paths of folders', z.string().regex(/^\/[^\0]{0,4000}$/), 0),
    [],
    {
      importance: 'medium',
      documentation:
        'Folders whose files connectors may name: transforms, schemas, certificates, the signal file. Files of transforms run as code of this process.',
    },
  ),
  'connector.endpoints.allow': defaulted(
    list('a list of URLs (with `*` and `?` as wildcards)', z.string().regex(/^https?:\/\/\S{1,500}$/), 0),
    [],
    {
      importance: 'medium',
      documentation:
        'Addresses, besides those of AWS, at which connectors may say that an API of AWS is (`source.endpoint` and its like): the credentials of the process sign what is sent there.',
    },
  ),
  'process.timeout.ms': defaulted(integer(4_000, 3_600_000), 15_000, {
    importance: 'low',
    documentation: 'A process that tells nothing of itself for so long is shown no more.',
  }),
  'memory.max.bytes': defaulted(integer(4_194_304, 68_719_476_736), 268_435_456, {
    importance: 'medium',
    documentation:
      'Bytes of changes that may be read and not yet committed, in all pipelines of a process together (256 MiB). Half of it belongs to all of them in equal parts, the other half to whoever needs it. A connector may bound itself by its own `memory.max.bytes`.',
  }),
  'log.level': defaulted(choice(['trace', 'debug', 'info', 'warn', 'error', 'silent']), 'info', {
    importance: 'low',
    documentation: 'The least severe lines that are written, until `PUT /admin/loggers/<logger>` says otherwise.',
  }),
  'log.format': defaulted(choice(['auto', 'json', 'pretty']), 'auto', {
    importance: 'low',
    documentation: '`json` is one object a line, `pretty` is for eyes; `auto` is `pretty` on a terminal.',
  }),
}

/** Every property of a service's file except those of its Kafka clients. */
export const serviceProperties = { ...connectProperties, ...ownProperties } as const satisfies Readonly<
  Record<string, Property>
>

/** A value for every property, defaults filled in. */
export type ServiceValues = { readonly [N in keyof typeof serviceProperties]: ValueOf<(typeof serviceProperties)[N]> }

/** The same declarations, for code that treats all alike. In the order of the documentation. */
export const servicePropertyList: ReadonlyMap<string, Property> = new Map<string, Property>(
  Object.entries(serviceProperties),
)

/** How many of them are Connect's own, from the beginning of the list. */
export const connectPropertyNames: readonly string[] = Object.keys(connectProperties)
