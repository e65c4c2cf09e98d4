import type { Difference } from './compare.ts'

/** Differences from Connect that are meant, and why. Whatever is not here is a fault of one of the two. */
export interface WantedDifference {
  readonly why: string
  readonly part: Difference['part']
  /** All steps that it is about, by what their names hold. */
  readonly steps: RegExp
  readonly theirs: RegExp
  readonly ours: RegExp
  /** It is a matter of time, or of who stands behind our API, whether it shows. */
  readonly isRare?: true
}

const any = /^/
const nothing = /^$/

/** Each must show at least once, unless it is rare. */
export const wantedDifferences: readonly WantedDifference[] = [
  {
    why: 'A request that is wrong is no fault of the service: 500 makes clients repeat it and wakes people.',
    part: 'status',
    steps:
      /malformed JSON|no body|a list|a text|null|missing config|nested|unknown (member|initial_state)|no partition|an offset that is/,
    theirs: /^500$/,
    ours: /^400$/,
  },
  {
    why: 'Without a class, `validate` says which one there must be.',
    part: 'status',
    steps: /validate: (without a class|no properties)/,
    theirs: /^500$/,
    ours: /^200$/,
  },
  {
    why: 'The same answer as on the plugin’s other route.',
    part: 'status',
    steps: /validate: unknown plugin/,
    theirs: /^500$/,
    ours: /^404$/,
  },
  {
    why: 'A body has a limit.',
    part: 'status',
    steps: /10 MB/,
    theirs: /^400$/,
    ours: /^413$/,
  },
  {
    why: 'Names that Connect takes and can never give back, because it refuses encoded slashes, are not taken.',
    part: 'status',
    steps: /name is \.\.\/x/,
    theirs: /^201$/,
    ours: /^400$/,
  },
  {
    why: 'The name was not taken.',
    part: 'location',
    steps: /name is \.\.\/x/,
    theirs: /x$/,
    ours: nothing,
  },
  {
    why: 'An encoded slash is a part of a name that there is not.',
    part: 'status',
    steps: /an encoded (path|slash)|a broken encoding|two slashes/,
    theirs: /^400$/,
    ours: /^404$/,
  },
  {
    why: 'Every error has Connect’s shape, also where its web server answers without asking it.',
    part: 'more',
    steps: /an encoded (path|slash)/,
    theirs: nothing,
    ours: /must not be a path/,
  },
  {
    why: 'Connect does not look whether there is such a connector.',
    part: 'status',
    steps: /topics(\/reset)?: unknown connector/,
    theirs: /^20[02]$/,
    ours: /^404$/,
  },
  {
    why: 'The topics of a connector are part of its ledger: the answer of a Connect that does not allow to forget them.',
    part: 'status',
    steps: /topics\/reset$/,
    theirs: /^202$/,
    ours: /^403$/,
  },
  {
    why: 'A level for a logger that nobody writes to is a slip of the pen: Connect takes it.',
    part: 'status',
    steps: /a logger that there is not/,
    theirs: /^200$/,
    ours: /^404$/,
  },
  {
    why: 'A connector’s name stays: Connect says yes, and keeps a configuration that names another one.',
    part: 'status',
    steps: /another name/,
    theirs: /^200$/,
    ours: /^400$/,
  },
  {
    why: 'Connect 4 has no such route any more; tools that were made for Connect 3 ask for it.',
    part: 'status',
    steps: /tasks-config/,
    theirs: /^404$/,
    ours: /^200$/,
  },
  {
    why: 'What is JSON is called JSON, also where Connect’s web server says nothing of it, or sends a page.',
    part: 'contentType',
    steps: any,
    theirs: /^$|^text\/html/,
    ours: /^application\/json$/,
  },
  {
    why: 'OPTIONS is answered by its headers; Connect’s web server sends a text besides.',
    part: 'contentType',
    steps: /^OPTIONS/,
    theirs: /^text\/plain$/,
    ours: nothing,
  },
  {
    why: 'OPTIONS is answered by its headers; Connect’s web server sends a text besides.',
    part: 'shape',
    steps: /^OPTIONS/,
    theirs: /no JSON/,
    ours: nothing,
  },
  {
    why: 'HTTP wants the methods of a path named beside 405.',
    part: 'allow',
    steps: /unknown method/,
    theirs: nothing,
    ours: /OPTIONS/,
  },
  {
    why: 'A plus in a path is a plus or a blank, by who reads it; %2B is a plus.',
    part: 'location',
    steps: /letters and signs/,
    theirs: /\+$/,
    ours: /%2B$/,
  },
  {
    why: 'Beyond Connect: tables.',
    part: 'more',
    steps: /status|restart\?/,
    theirs: nothing,
    ours: /\.tables \[(\]$|.*"table":)/,
    isRare: true,
  },
  {
    why: 'The tasks are the processes: they are known when the connector is.',
    part: 'shape',
    steps: /^(POST \/connectors: |PUT .*(letters and signs|of what is not)|GET .*paused at first)/,
    theirs: /^\.tasks \[\]$/,
    ours: /^\.tasks \[/,
    isRare: true,
  },
  {
    why: 'The answer of a restart may still be of before.',
    part: 'shape',
    steps: /restart\?/,
    theirs: /state "RESTARTING"/,
    ours: /state "RUNNING"/,
    isRare: true,
  },
  {
    why: 'Positions are texts: sequence numbers are longer than JSON’s numbers are exact.',
    part: 'shape',
    steps: /offsets/,
    theirs: /offset\.\* "<number>"/,
    ours: /offset\.\* "[^"]*<string>"/,
  },
  {
    why: 'The plugin’s own properties: some hang on others, and each is in a group.',
    part: 'shape',
    steps: /connector-plugins/,
    theirs: /(dependents \[\]|group "<null>\|<string>")$/,
    ours: /(dependents \["<string>"\]|group "<string>")$/,
  },
  {
    why: 'A null says nothing to `validate`; what is kept must not hold one, as in Connect.',
    part: 'shape',
    steps: /validate: a number and a null/,
    theirs: /errors \["<string>"\]/,
    ours: /errors \[\]/,
  },
  {
    why: 'Another general level of the log.',
    part: 'shape',
    steps: /loggers.root$/,
    theirs: /^\.level /,
    ours: /^\.level /,
    isRare: true,
  },
  {
    why: 'Connect shows the whole configuration here, secrets and all.',
    part: 'words',
    steps: /missing class/,
    theirs: /contains no connector type/,
    ours: /contains no connector type/,
  },
  {
    why: 'No Java class in front of the words.',
    part: 'words',
    steps: /unknown plugin/,
    theirs: /ConnectException: Failed to find any class that implements Connector and which name matches Nothing/,
    ours: /"Failed to find any class that implements Connector and which name matches Nothing/,
  },
  {
    why: 'The same frame, with our words for what is wrong, which show no value.',
    part: 'words',
    steps: /a wrong value/,
    theirs: /Connector configuration is invalid and contains the following \d error/,
    ours: /Connector configuration is invalid and contains the following \d error/,
  },
  {
    why: 'What is no configuration yet is refused in a sentence.',
    part: 'words',
    steps: /missing name|control characters|a number and a null/,
    theirs: /Connector configuration is invalid/,
    ours: /must (have a name|not have control)|Null value can not be supplied/,
  },
  {
    why: 'One sentence for one thing: Connect has four.',
    part: 'words',
    steps: /unknown connector/,
    theirs: /"(No status found for (connector none|task none-0)|Unknown connector:? none)"/,
    ours: /"Connector none not found"/,
  },
]

/** The differences that nobody wants, and the wanted ones that did not show. */
export function unwanted(differences: readonly Difference[]): {
  readonly differences: readonly Difference[]
  readonly unseen: readonly string[]
} {
  const unseen = new Set(wantedDifferences.filter(({ isRare }) => isRare !== true))
  const left = differences.filter((difference) => {
    const wanted = wantedDifferences.find((one) => isAbout(one, difference))
    if (wanted !== undefined) unseen.delete(wanted)
    return wanted === undefined
  })
  return { differences: left, unseen: [...unseen].map(({ why, part }) => `${part}: ${why}`) }
}

function isAbout(wanted: WantedDifference, { part, step, theirs, ours }: Difference): boolean {
  return wanted.part === part && wanted.steps.test(step) && wanted.theirs.test(theirs) && wanted.ours.test(ours)
}
