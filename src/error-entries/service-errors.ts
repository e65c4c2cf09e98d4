import { entry } from './error-entry.ts'

/** What can go wrong with requests to a service of pipelines. */
export const serviceErrors = {
  CONNECTOR_UNKNOWN: entry(
    'refuse',
    'The service has no connector of that name.',
    'Ask `GET /connectors` for the names; they are case-sensitive.',
  ),
  TASK_UNKNOWN: entry(
    'refuse',
    'The connector has no task of that number: a task is a process that runs it.',
    'Ask for its status; numbers are given anew when processes come and go.',
  ),
  TABLE_UNKNOWN: entry(
    'refuse',
    'The pipeline has no such table, or several of that name.',
    "Ask for its status, which lists its tables (`tailrace tables <file>`); where several have one name, use the table's ARN.",
  ),
  PLUGIN_UNKNOWN: entry('refuse', 'There is no such plugin.', 'Ask `GET /connector-plugins` for those there are.'),
  LOGGER_UNKNOWN: entry('refuse', 'There is no such logger.', 'Ask `GET /admin/loggers` for those there are.'),
  CONNECTOR_EXISTS: entry(
    'refuse',
    'A connector of that name exists, or another one whose pipeline would have the same name.',
    'Use another name, or change the connector with `PUT /connectors/<name>/config`.',
  ),
  CONNECTOR_NOT_STOPPED: entry(
    'refuse',
    'Positions can only be changed while the connector is stopped.',
    'Stop it with `PUT /connectors/<name>/stop`, and wait until its status says STOPPED and shows no tasks.',
  ),
  OFFSET_INVALID: entry(
    'refuse',
    'A position that was to be set is none that the shard can have, or its shard is not there. Nothing was changed.',
    'Take the positions that `tailrace offsets show`, or `GET /connectors/<name>/offsets`, shows, and correct what the message names.',
  ),
  OFFSET_LOST: entry(
    'refuse',
    'What follows on a position that was to be set was trimmed: reading on from there would lose changes. Nothing was changed.',
    'Set a newer position, or reset the shard; to accept the loss use `--accept-loss`, and take the table up with a snapshot.',
  ),
  REQUEST_INVALID: entry(
    'refuse',
    'The body or a parameter of a request is not what its route takes.',
    'Correct what the message names.',
  ),
  TOPICS_NOT_TRACKED: entry(
    'refuse',
    'The service does not keep the topics that connectors write to.',
    'Ask Kafka for the topics.',
  ),
  SERVICE_CHANGING: entry(
    'retry',
    'The service has no leader at the moment, or another one than a process thought: processes come, go, or start. Or a connector has a ledger that cannot be read for the moment, which its epoch depends on.',
    'Send the request again.',
  ),
  ADVERTISED_TWICE: entry(
    'retry',
    'Two processes of a service say that they are reached at one address, so one of them cannot hand on requests to the other: both advertise a loopback address, or one name. A process that was killed and started again is its own double for some seconds.',
    'Set `rest.advertised.host.name` (and `rest.advertised.port`) of each process to where the others reach it.',
  ),
  FORWARD_UNBELIEVED: entry(
    'retry',
    'A request was handed on by one process of the service to another, and that one does not believe who is said to be behind it: the secret that signs it is another one, or the clocks of the two differ by more than a minute. Passwords and tokens of clients are not handed on.',
    'Give all processes the same `rest.forward.secret`, and let their clocks be kept (NTP); the address of the process is in the audit log of the one that refuses.',
  ),
  REQUEST_TIMED_OUT: entry(
    'retry',
    'A request took longer than 90 seconds. What it asked for may still happen.',
    'Look whether it has happened, and send it again if not; the log says what the service waits for.',
  ),
  LISTEN_UNPROTECTED: entry(
    'refuse',
    'The service was to listen on an address that other machines can reach, and nothing says who may use it.',
    'Name users, tokens or certificates, or listen on 127.0.0.1.',
  ),
  ACCESS_INVALID: entry(
    'refuse',
    'The list of those who may use the service cannot be read, or names nobody.',
    'Correct the line that the message names; where everybody on this machine may do everything, leave `rest.access.file` out.',
  ),
}
